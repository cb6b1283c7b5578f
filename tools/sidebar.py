"Write nbs/sidebar.yml: one section for each folder of notebooks, in the order of their numbers"
from itertools import groupby
from pathlib import Path
from fastcore.script import call_parse
from nbdev.doclinks import nbglob

nbs = Path(__file__).resolve().parents[1]/'nbs'
first,last = ('index',), ('results','tutorials','test_utils')

def place(
    fn:Path, # Notebook, relative to `nbs/`
)->tuple: # To sort by
    "Front page, numbered notebooks, then what has no number"
    name = fn.parts[0].removesuffix('.ipynb')
    if name in first: return 0,'',fn.stem
    if name in last: return 2+last.index(name),'',fn.stem
    return 1,fn.stem,''

def sidebar()->str: # YAML, as `nbdev_sidebar` would write it, in another order
    "The docs' side bar"
    files = sorted((o.relative_to(nbs) for o in nbglob(nbs, as_path=True)), key=place)
    lines = ['website:', '  sidebar:', '    contents:']
    for folder,group in groupby(files, key=lambda o: o.parent.as_posix()):
        names = [o.as_posix() for o in group]
        if folder=='.': lines += [f'      - {o}' for o in names]
        else: lines += [f'      - section: {folder}', '        contents:', *(f'          - {o}' for o in names)]
    return '\n'.join(lines)+'\n'

@call_parse
def main():
    "Write nbs/sidebar.yml"
    (nbs/'sidebar.yml').write_text(sidebar(), encoding='utf-8')
