"""The second embedded engine: our own graph in OpenVINO, with continuous batching, in a child process."""
