"""Builds the component; needs the packages of `requirements.txt`.

python build.py             similar-texts.wasm
python build.py bindings    the folder `bindings`: what the plugin imports, for editors and type checkers
"""

import os
import shutil
import sys
from pathlib import Path

from componentize_py import script

# Where the `.wit` files are.
WIT = "../../../wit"

WHAT = {
    "component": ["componentize", "plugin", "-o", "similar-texts.wasm"],
    "bindings": ["bindings", "bindings"],
}

what = sys.argv[1] if len(sys.argv) > 1 else "component"
if what not in WHAT:
    sys.exit(__doc__)
os.chdir(Path(__file__).parent)
if what == "bindings":
    shutil.rmtree("bindings", ignore_errors=True)  # they do not write over what is there
sys.argv[1:] = ["--wit-path", WIT, "--world", "plugin", *WHAT[what]]
sys.exit(script())
