"""What is shipped besides our own code: where it comes from, and under which licences."""
