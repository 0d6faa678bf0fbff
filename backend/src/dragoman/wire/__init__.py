"""Wire formats, each understood once and in both directions; nothing here touches a socket."""
