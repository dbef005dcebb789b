"""Pure parts of model serving: the OpenAI wire form, thread and back-off rules, and who may run."""
