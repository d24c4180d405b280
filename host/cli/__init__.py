"""The commands of `roost` that speak to a running host, or make what that asks for."""
