"""What the server allows, keeps and refuses."""
