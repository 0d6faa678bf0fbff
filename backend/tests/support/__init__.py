"""What several tests need: a scripted upstream, and Dragoman as a running server."""
