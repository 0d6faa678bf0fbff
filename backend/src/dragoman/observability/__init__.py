"""Seeing what the server does, without seeing what people say or which keys it holds."""
