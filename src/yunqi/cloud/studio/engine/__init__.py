"""Pure parts of the studio: the OpenAI protocol in and out, and the token bucket."""
