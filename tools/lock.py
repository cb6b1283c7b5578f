"Write constraints.txt: the versions that are installed where the tests ran, in .venv and in each .venv-3.x"
import json,re,subprocess,sys
from pathlib import Path

root = Path(__file__).resolve().parents[1]
dest = root/'constraints.txt'
head = '''# The versions that the tests passed with, on each Python from 3.11 on; written by `make lock`
# To install them: make LOCK=1 test, or: pip install -c constraints.txt .
'''

def ask(py, *cmd): return subprocess.run([py, *cmd], capture_output=True, text=True, check=True).stdout

def installed(
    py:Path, # Python of an environment
)->tuple: # Its 3.x as a number, and a dict of packages and versions
    "What is installed there, without the package itself and the tools that install"
    found = json.loads(ask(py, '-m', 'pip', 'list', '--format=json', '--exclude-editable', '--disable-pip-version-check'))
    names = {re.sub(r'[-_.]+', '-', o['name']).lower(): o['version'].partition('+')[0] for o in found}
    return int(ask(py, '-c', 'import sys; print(sys.version_info[1])')), {k:v for k,v in names.items() if k not in ('pip','setuptools','wheel')}

def lines(
    name:str, # Package
    envs:dict, # 3.x to a dict of packages and versions
)->list: # Lines of constraints.txt
    "One line for `name`, or as many as it has versions, each for the Pythons that have it"
    have = {k:v[name] for k,v in sorted(envs.items()) if name in v}
    firsts = [k for i,k in enumerate(have) if i==0 or have[k]!=have[[*have][i-1]]]
    res = []
    for k,nxt in zip(firsts, [*firsts[1:], None]):
        when = [f"python_version>='3.{k}'"]*(k!=firsts[0]) + [f"python_version<'3.{nxt}'"]*(nxt is not None)
        res.append(f'{name}=={have[k]}' + ('; ' if when else '') + ' and '.join(when))
    return res

def main():
    "Ask each environment, and write what they have"
    envs = dict(installed(o) for o in sorted(root.glob('.venv*/bin/python')))
    if not envs: sys.exit('There is no environment to write down: run `make test` or `make matrix` first')
    names = sorted({k for o in envs.values() for k in o})
    dest.write_text(head + '\n'.join(l for o in names for l in lines(o, envs)) + '\n')
    print(f'{dest.name}: {len(names)} packages, of Python {", ".join(f"3.{o}" for o in sorted(envs))}')

if __name__=='__main__': main()
