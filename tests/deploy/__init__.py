"""What an operator starts: the image, the services, and what docs/deploy.md says of them."""
