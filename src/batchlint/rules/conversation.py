"""Rules about members that must agree with one another: tools and their choice, calls and their answers."""
