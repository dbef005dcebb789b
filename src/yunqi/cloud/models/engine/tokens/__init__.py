"""Text to tokens and back, chats to text by the model's own template, and what an answer says beside its text."""
