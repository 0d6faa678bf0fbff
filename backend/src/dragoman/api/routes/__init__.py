"""The routes: each reads a request, asks a service, writes the answer."""
