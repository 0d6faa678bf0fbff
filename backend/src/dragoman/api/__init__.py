"""The HTTP surface: thin routes, one table of errors, and the edge that keeps bad input out."""
