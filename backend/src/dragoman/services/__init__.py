"""What Dragoman does for a request: finds a model, asks it, keeps the conversation."""
