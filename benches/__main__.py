"""One side of one stage, in a process of its own: `python benches STAGE SIDE FOLDER SIZE`, as the runner starts it."""

from speed.side import main  # type: ignore[import-not-found]  # this folder itself is on the path

main()
