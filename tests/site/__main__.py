"""Write the pages of reference anew: ``python -m tests.site``."""

from tests.site.reference import write_all

if __name__ == "__main__":
    write_all()
