"Run what `make test` runs on every Python from 3.11 on that this machine has, each in a `.venv-3.x` of its own"
import json,os,re,shutil,subprocess,sys,time
from argparse import ArgumentParser
from pathlib import Path

root = Path(__file__).resolve().parents[1]
packages = 'av','torch','torchvision','fastai','numpy'
# Neither virtual environments, nor pre-releases, nor Pythons that cannot make an environment
usable = '''
import sys,sysconfig,venv,ensurepip
ok = sys.prefix==sys.base_prefix and sys.implementation.name=='cpython' and sys.version_info.releaselevel=='final'
if not ok or sysconfig.get_config_var('Py_GIL_DISABLED'): sys.exit(1)
print(*sys.version_info[:3])'''
# What pip says where a package has no wheel for a Python yet and cannot be built either, or where the disk is full;
# all else is a failure, a lost connection too
no_wheel = 'No matching distribution found|ResolutionImpossible|Failed to build|metadata-generation-failed'
no_room = 'No space left on device'
gigabytes = 12 # What an environment takes while it is made: packages of 7, and the files they come in
versions = f'from importlib.metadata import version; print(*(f"{{o}} {{version(o)}}" for o in {packages}), sep="  ")'

def say(*args, **kwargs): print(*args, flush=True, **kwargs)

def run(
    *cmd, # Command and its arguments
)->tuple: # Exit status, and what it printed
    "Run `cmd` quietly in the repository's root"
    env = {k:v for k,v in os.environ.items() if k not in ('MAKEFLAGS','MFLAGS','MAKELEVEL')}
    res = subprocess.run([str(o) for o in cmd], cwd=root, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors='replace')
    return res.returncode,res.stdout

def candidates()->list: # Paths
    "What may be a Python: on the PATH, among pyenv's versions, known to uv"
    res = [p for o in os.get_exec_path() for p in Path(o).glob('python3*') if re.fullmatch(r'python3(\.\d+)?', p.name)]
    res += Path(os.environ.get('PYENV_ROOT', Path.home()/'.pyenv')).glob('versions/*/bin/python3')
    if not shutil.which('uv'): return res
    uv = subprocess.run(['uv', 'python', 'list', '--only-installed', '--output-format', 'json'], capture_output=True, text=True)
    return res + [Path(o['path']) for o in json.loads(uv.stdout or '[]')]

def pythons()->dict: # Version as a tuple of three numbers, to the path
    "The newest usable Python of each 3.x from 3.11 on"
    res = {}
    for py in candidates():
        try: asked = subprocess.run([py, '-c', usable], capture_output=True, text=True, timeout=60)
        except (OSError, subprocess.TimeoutExpired): continue
        if asked.returncode: continue
        v = tuple(int(o) for o in asked.stdout.split())
        if v>=(3,11): res.setdefault(v, py)
    newest = {v[:2]:v for v in sorted(res)}
    return {v:res[v] for v in newest.values()}

def reason(
    out:str, # What pip printed
)->str: # One line
    "Why pip could not install"
    errs = re.findall(r'^\s*(?:error|ERROR): (.+)$', out, re.M)
    return errs[-1] if errs else out.strip().splitlines()[-1]

def make_room(
    made:list, # Environments that can be deleted
)->float: # Gigabytes that are free
    "Delete environments until the disk has room for another"
    def free(): return shutil.disk_usage(root).free/1e9
    while free()<gigabytes and made: shutil.rmtree(made.pop(0))
    return free()

def test(
    py:Path, # Python
    name:str, # Its version
    made:list, # Environments of Pythons tested before that were not there, to which this one is added
)->tuple: # How many passed and failed; nothing of both where the requirements cannot be installed
    "Install into the environment of `py` and run all tests, and say in a line what came of it"
    start,venv = time.perf_counter(),f'.venv-{name.rpartition(".")[0]}'
    make = 'make','--no-print-directory',f'PYTHON={py}',f'VENV={venv}'
    say(f'{name:8}', end='')
    if not (root/venv).exists():
        free = make_room(made)
        if free<gigabytes:
            say(f'not tested: an environment takes {gigabytes} GB while it is made, and the disk has {free:.1f}')
            return 0,0
        made.append(root/venv)
    rc,out = run(*make, f'{venv}/.packages')
    if rc:
        bad = not re.search(f'{no_wheel}|{no_room}', out) or 'connection broken' in out
        say(f'the requirements cannot be installed{" yet" if re.search(no_wheel, out) else ""}: {reason(out)}')
        # What was installed before the disk was full takes the room of the next one
        if no_room in out: shutil.rmtree(root/venv, ignore_errors=True)
        return 0,int(bad)
    rc,out = run(*make, 'test')
    found = re.findall(r'^(\d+) passed, (\d+) failed$', out, re.M)
    n,bad = (int(o) for o in found[-1]) if found else (0,1)
    if rc: bad = max(bad, 1)
    say(run(root/venv/'bin/python', '-c', versions)[1].strip(), f'{n} of {n+bad} passed', f'{(time.perf_counter()-start)/60:.1f} min', sep='  ')
    if bad: say('\n'.join('  '+o for o in out.splitlines()))
    return n,bad

def main():
    "Test on all Pythons, one after the other, and count"
    parser = ArgumentParser(description=__doc__)
    parser.add_argument('--others', action='store_true', help='leave out the Python that runs this')
    others = parser.parse_args().others
    found = {v:py for v,py in pythons().items() if not others or v[:2]!=sys.version_info[:2]}
    if not found: say(f'There is no {"other " if others else ""}Python from 3.11 on here: install one, or name its folder in PATH')
    made = []
    res = [test(py, '.'.join(map(str, v)), made) for v,py in found.items()]
    n,bad = (sum(o) for o in zip(*res)) if res else (0,0)
    if n or bad: say(f'{n} passed, {bad} failed')
    sys.exit(bad>0)

if __name__=='__main__': main()
