"""Values and rules of just-in-time AWS access; no input or output."""
