"The one test command: notebooks, package and README agree, the package installs, every notebook runs; all of it counted"
import json,os,re,shutil,subprocess,sys,time,warnings
from concurrent.futures import ThreadPoolExecutor,as_completed
from configparser import ConfigParser
from importlib.metadata import distributions
from pathlib import Path
from tempfile import TemporaryDirectory
from fastcore.parallel import num_cpus
from fastcore.script import call_parse
from nbdev.clean import nbdev_clean
from nbdev.config import get_config
from nbdev.doclinks import nbdev_export,nbglob
from nbdev.quarto import refresh_quarto_yml
from nbdev.test import nb_test_cells
import readme,sidebar

root = readme.root
env = {**os.environ, 'OMP_NUM_THREADS':'1', 'MPLBACKEND':'agg'}

def say(*args): print(*args, flush=True)

def run(
    *cmd, # Command and its arguments
    **kwargs
)->str: # What it printed; raises `RuntimeError` with that when it fails
    "Run `cmd` quietly in the repository's root"
    kwargs = {'cwd':root, 'env':env, **kwargs}
    res = subprocess.run([str(o) for o in cmd], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace', **kwargs)
    if res.returncode: raise RuntimeError(f'{res.stdout.rstrip()}\n(exit status {res.returncode})')
    return res.stdout

class Tally:
    "Counts what passed and what failed, and says so line by line"
    def __init__(self): self.passed,self.failed = 0,0

    def add(self,
        name:str, # What was checked
        secs:float, # Time it took
        err:str='', # What is wrong with it, empty for nothing
    ):
        "One more result"
        if err: self.failed += 1
        else: self.passed += 1
        say(f"{'FAIL' if err else 'pass'} {secs:7.1f} s  {name}" + (f'\n{err}' if err else ''))

    def check(self,
        name:str, # What is checked
        f, # Function that returns or raises what is wrong
    ):
        "One more result, of `f`"
        start,err = time.perf_counter(),''
        try: err = f()
        except Exception as e: err = str(e) or repr(e)
        self.add(name, time.perf_counter()-start, err)

def _generated():
    "Content of all that an export writes"
    fs = [*root.glob('action_recog/**/*.py'), *(root/'nbs'/o for o in ('llms.txt', 'nbdev.yml', 'sidebar.yml'))]
    return {str(p.relative_to(root)): p.read_text(encoding='utf-8') for p in fs if p.exists()}

def chk_export()->str: # What is wrong
    "Export all notebooks: that must change nothing, and no module may have lost its notebook"
    os.environ.pop('IN_TEST', None)
    old = _generated()
    nbdev_export.__wrapped__()
    sidebar.main.__wrapped__()
    refresh_quarto_yml()
    new = _generated()
    changed = sorted(k for k in old.keys()|new.keys() if old.get(k)!=new.get(k))
    src = {k: re.search(r'File to edit: \.\./(?:\.\./)*(\S+)\.$', v, re.M) for k,v in new.items()}
    lost = sorted(k for k,m in src.items() if m and not (root/m[1]).exists())
    errs = [f'Not what the notebooks say, and now written anew: commit {", ".join(changed)}'] if changed else []
    if lost: errs.append(f'Their notebooks are gone: delete {", ".join(lost)}')
    return '\n'.join(errs)

def _outputs(nb): return ''.join(json.dumps(o) for c in nb['cells'] for o in c.get('outputs', []))

def chk_clean()->str: # What is wrong
    "`nbdev-clean` would change no notebook, and no stored output names a path of the machine that it ran on"
    bad,local = [],[]
    with TemporaryDirectory() as d:
        for i,p in enumerate(nbglob('nbs', as_path=True)):
            raw,tmp = p.read_text(encoding='utf-8'), Path(d)/f'{i}.ipynb'
            try: nb = json.loads(raw)
            except json.JSONDecodeError as e: return f'{p} is no notebook ({e}): restore it'
            tmp.write_text(raw, encoding='utf-8')
            with warnings.catch_warnings():
                warnings.simplefilter('error', UserWarning)
                nbdev_clean.__wrapped__(str(tmp))
            if tmp.read_text(encoding='utf-8') != raw: bad.append(str(p))
            if re.search(r'/site-packages/|/ipykernel_\d|\.py:\d+: \w*Warning', _outputs(nb)): local.append(str(p))
    errs = [f'Not clean: run `.venv/bin/nbdev-clean` and commit {", ".join(bad)}'] if bad else []
    if local: errs.append(f'Outputs with warnings or errors that name files of one machine: run `make notebooks` for {", ".join(local)}')
    return '\n'.join(errs)

def _ini():
    cfg = ConfigParser(delimiters=['='])
    cfg.read(root/'settings.ini', encoding='utf-8')
    return cfg['DEFAULT']

def build(
    dest:Path, # Empty folder
)->list: # Paths of the sdist, and of the wheel made from it
    "Build the package from a copy of its files, so that nothing left by an older build can help"
    src = dest/'src'
    shutil.copytree(root/'action_recog', src/'action_recog', ignore=shutil.ignore_patterns('__pycache__'))
    for p in root.iterdir():
        if p.is_file(): shutil.copy(p, src)
    run(sys.executable, '-m', 'build', '--no-isolation', '--outdir', dest/'dist', src)
    return sorted((dest/'dist').iterdir())

def chk_installed(
    dist:Path, # Wheel or sdist
    target:Path, # Empty folder to install it into
)->str: # What is wrong
    "Install `dist` into `target`; import all modules, load all commands, read a video and train from there"
    run(sys.executable, '-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--no-deps', '--no-index',
        '--no-build-isolation', '--target', target, dist)
    names = {e.name for d in distributions(path=[str(target)]) for e in d.entry_points.select(group='console_scripts')}
    want = {o.split('=')[0] for o in _ini()['console_scripts'].split()}
    if names!=want: return f'{dist.name} has the commands {sorted(names)}, but settings.ini names {sorted(want)}'
    rel = [p.relative_to(root).with_suffix('') for p in sorted(root.glob('action_recog/**/*.py'))]
    mods = ['.'.join(o.parts).removesuffix('.__init__') for o in rel]
    run(sys.executable, root/'tools/installed.py', target, *mods, cwd=target.parent)

def chk_package()->str: # What is wrong
    "A wheel and an sdist both install, and work outside the checkout"
    with TemporaryDirectory() as d:
        d = Path(d)
        dists = build(d)
        if len(dists)!=2: return f'Expected a wheel and an sdist, but {[o.name for o in dists]} were built'
        with ThreadPoolExecutor(2) as ex: errs = ex.map(chk_installed, dists, [d/f'target{i}' for i in range(2)])
        return '\n'.join(o for o in errs if o)

def style():
    "Say what chkstyle found: a report, not a check"
    paths = [o for o in ('nbs', 'tools', 'bench') if (root/o).exists()]
    res = subprocess.run([sys.executable, '-m', 'chkstyle.core', *paths], cwd=root, env=env, capture_output=True, text=True)
    n = re.search(r'^found (\d+)', res.stdout, re.M)
    say(f"note            style: {n[1] if n else 'no'} remarks of chkstyle (`make style` shows them)")

def timed(
    name:str, # What is run
    *cmd, # Command and its arguments
)->tuple: # Name, seconds, what is wrong
    "Run a check in a process of its own"
    start,err = time.perf_counter(),''
    try: run(*cmd)
    except RuntimeError as e: err = str(e)
    return name, time.perf_counter()-start, err

def test_nb(
    fn:str, # Notebook
)->tuple: # Name, seconds, what is wrong
    "Run one notebook by nbdev-test"
    code = 'import sys; from nbdev.test import nbdev_test; nbdev_test.__wrapped__(sys.argv[1])'
    return timed(fn, sys.executable, '-c', code, fn)

def test_gpu()->tuple: # Name, seconds, what is wrong
    "Run what a GPU would run on one that is not there"
    return timed('a GPU of paper trains, scores, exports and answers', sys.executable, root/'tools/gpu.py')

def eligible(
    fn:Path, # Notebook
)->bool: # Does nbdev-test run any of it?
    "Is there a cell to run in `fn`, and no `.notest` beside it?"
    return not (fn.parent/'.notest').exists() and len(nb_test_cells(fn, get_config().tst_flags))>0

def test_nbs(
    tally:Tally, # Counts the results
)->int: # Number of notebooks that ran
    "Run the checks for a GPU and all notebooks, one a core at a time"
    nbs = [str(o) for o in sorted(nbglob('nbs', as_path=True)) if eligible(o)]
    ex = ThreadPoolExecutor(min(num_cpus(), 8))
    try:
        jobs = [ex.submit(test_gpu)] + [ex.submit(test_nb, o) for o in nbs]
        for f in as_completed(jobs): tally.add(*f.result())
    finally: ex.shutdown(cancel_futures=True)
    return len(nbs)

@call_parse
def main():
    "Run all checks and all notebooks, and count them"
    os.chdir(root)
    tally = Tally()
    tally.check('the package is what the notebooks export', chk_export)
    tally.check('the notebooks are clean', chk_clean)
    tally.check('README.md agrees with nbs/index.ipynb', readme.stale)
    tally.check('wheel and sdist install, read a video and train', chk_package)
    style()
    n = test_nbs(tally)
    if not n: say('No notebook was found in nbs/ that could be tested')
    say(f'{tally.passed} passed, {tally.failed} failed')
    sys.exit(bool(tally.failed or not n))
