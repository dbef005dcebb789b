"""Pure parts of the assistant: facts, what a question wants, answers by code, and whether words hold."""
