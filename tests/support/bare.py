"""The machines of order, car and finding alone, without what their systems declare beside them."""
import atexit
import os
import shutil
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FILES = ("machine.asl.json", "rules.json", "README.md", "events")


def bare_machines():
    """A folder of them, which is gone when the process ends."""
    folder = tempfile.mkdtemp(prefix="pavane-machines-")
    atexit.register(shutil.rmtree, folder, True)
    for name in ("order", "car", "finding"):
        os.mkdir(os.path.join(folder, name))
        for file in FILES:
            source, target = (os.path.join(d, name, file) for d in (os.path.join(TOP, "machines"), folder))
            (shutil.copytree if os.path.isdir(source) else shutil.copy)(source, target)
    return folder
