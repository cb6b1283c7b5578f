"Execute notebooks in Jupyter and keep their outputs: a notebook is replaced only when all of it ran"
import os,re,shutil,subprocess,sys,time
from pathlib import Path
from fastcore.nbio import nb_frontmatter,read_nb,write_nb
from fastcore.basics import str2bool
from fastcore.script import call_parse
from nbdev.clean import nbdev_clean
from nbdev.doclinks import nbglob
from nbdev.test import nb_test_cells

root = Path(__file__).resolve().parents[1]
# Importing fastai under today's torch says this, with a path of the machine: not for a notebook's readers
quiet = 'ignore:`torch.jit.script` is deprecated:FutureWarning'

def skip_flags()->list: # Names of directives
    "Cells marked with these are left as they are: `cuda` where there is none"
    import torch
    return [] if torch.cuda.is_available() else ['cuda']

def tag_skips(
    fn:Path, # Notebook, changed in place
    flags:list, # Directives whose cells keep the outputs they have
):
    "Tag the cells that nbdev would not run, so that Jupyter does not run them either"
    run = {c.id for c in nb_test_cells(fn, flags)}
    nb = read_nb(fn)
    for c in nb.cells:
        if c.cell_type=='code' and c.id not in run: c.metadata['tags'] = ['skip-execution']
    write_nb(nb, fn)

def is_spent_bar(
    out, # Output of a cell
)->bool: # Has it nothing to show?
    "Is `out` what a progress bar leaves behind when it is done?"
    html = out.get('data', {}).get('text/html')
    return html is not None and re.sub(r'<style>.*?</style>|\s', '', ''.join(html), flags=re.S)==''

def drop_bars(
    fn:Path, # Notebook, changed in place
):
    "Remove the outputs of progress bars that are done"
    nb = read_nb(fn)
    for c in nb.cells:
        if c.cell_type=='code': c.outputs = [o for o in c.outputs if not is_spent_bar(o)]
    write_nb(nb, fn)

def execute(
    fn:Path, # Notebook
    flags:list=(), # Directives whose cells keep the outputs they have
)->str: # What went wrong, empty if nothing did
    "Run a copy of `fn` beside it, clean it, and put it in the place of `fn` if all went well"
    tmp = fn.with_name(f'.{fn.stem}-running.ipynb')
    cmd = [sys.executable, '-m', 'nbconvert', '--to', 'notebook', '--execute', '--inplace', '--log-level=ERROR', str(tmp)]
    env = {**os.environ, 'PYTHONWARNINGS':quiet}
    env.pop('MPLBACKEND', None)
    try:
        shutil.copy(fn, tmp)
        tag_skips(tmp, flags)
        res = subprocess.run(cmd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if res.returncode: return res.stdout.rpartition('CellExecutionError: ')[2].strip() or f'nbconvert exited with {res.returncode}'
        drop_bars(tmp)
        nbdev_clean.__wrapped__(str(tmp))
        os.replace(tmp, fn)
        return ''
    finally: tmp.unlink(missing_ok=True)

@call_parse
def main(
    paths:str='', # Notebooks, space-separated; all of `nbs/` if not given
):
    "Execute notebooks in place, say how long each took, and list those that failed"
    os.chdir(root)
    nbs = sorted(Path(o) for o in paths.split()) or sorted(nbglob('nbs', as_path=True))
    for fn in nbs:
        if not fn.is_file(): sys.exit(f'There is no notebook {fn}: name it by its path from {root}')
    flags,failed = skip_flags(),[]
    for i,fn in enumerate(nbs):
        if str2bool(nb_frontmatter(read_nb(fn)).get('skip_exec', False)): continue
        print(f'[{i+1}/{len(nbs)}] {fn} …', end=' ', flush=True)
        start = time.perf_counter()
        err = execute(fn.resolve(), flags)
        print(f'{time.perf_counter()-start:.1f} s', f'FAILED\n{err}' if err else '', flush=True)
        if err: failed.append(str(fn))
    if failed: sys.exit(f'{len(failed)} of {len(nbs)} notebooks failed and were left as they were:\n  ' + '\n  '.join(failed))
