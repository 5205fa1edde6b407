"""How what the databases answer is gone on with, without a database."""
