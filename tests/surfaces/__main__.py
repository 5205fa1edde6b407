"""Write every surface to its file: ``python -m tests.surfaces``."""

from tests.surfaces.files import write_all

if __name__ == "__main__":
    write_all()
