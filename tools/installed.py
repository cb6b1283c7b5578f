"Import modules of action_recog from the folder it was installed into, and load its commands"
import sys
from importlib import import_module
from importlib.metadata import distributions
from pathlib import Path

def main(
    target, # Folder that pip installed into
    *mods, # Dotted names of the modules that must be there
):
    "Exit with one sentence when a module of `mods` or a console script does not come from `target`"
    target = Path(target).resolve()
    sys.path.insert(0, str(target))
    for m in mods:
        try: fn = Path(import_module(m).__file__).resolve()
        except ImportError as e: sys.exit(f'{m} cannot be imported from the package installed in {target}: {e}')
        if not fn.is_relative_to(target): sys.exit(f'{m} came from {fn}, not from the package installed in {target}')
    for d in distributions(path=[str(target)]):
        for e in d.entry_points.select(group='console_scripts'):
            try: e.load()
            except (ImportError, AttributeError) as err: sys.exit(f'The command {e.name} cannot be loaded from {e.value}: {err}')

if __name__=='__main__': main(*sys.argv[1:])
