"Write README.md from `nbs/index.ipynb`, with nothing but Python: `--check` only says whether it is up to date"
import os,re,sys
from base64 import b64decode
from pathlib import Path
from fastcore.basics import listify
from fastcore.nbio import read_nb
from fastcore.script import call_parse

root = Path(__file__).resolve().parents[1]
index,dest,pics = root/'nbs/index.ipynb', root/'README.md', root/'index_files'

_link = re.compile(r'(\]\(|src=")(?![a-z][a-z+.-]*:|[#/])([^)"\s]+)')
_ansi = re.compile(r'\x1b\[[0-9;]*m')

def _str(o): return o if isinstance(o, str) else ''.join(listify(o))

def repo_links(
    s:str, # Markdown whose relative links start from `nbs/`
)->str: # The same, with links that start from the repository's root
    "Point relative links and pictures at the files of the repository, where README.md stands"
    return _link.sub(lambda m: m[1]+Path(os.path.normpath(Path('nbs')/m[2])).as_posix(), s)

def _indent(s): return '\n'.join('    '+o if o else '' for o in _ansi.sub('', s).rstrip().splitlines())

def out_md(
    out:dict, # One output of a code cell
    name:str, # File name for its picture, if it is one
    files:dict, # Gathers `name` to bytes
)->str: # Markdown
    "An output as Markdown: Markdown as it is, a picture as a link to its file, text indented by four"
    data = out.get('data', {})
    if 'text/markdown' in data: return repo_links(_str(data['text/markdown']))
    if 'image/png' in data:
        files[name] = b64decode(_str(data['image/png']))
        return f'![]({pics.name}/{name})'
    return _indent(_str(out.get('text') or data.get('text/plain') or ''))

def cell_md(
    i:int, # Position in the notebook, which names its pictures
    c, # Cell
    files:dict, # Gathers the pictures' names and bytes
)->list: # Blocks of Markdown
    "A cell as blocks of Markdown: prose, or fenced code and its outputs; nothing for a hidden cell"
    if c.has_directive('hide'): return []
    echo = str(c.directive('echo')).lower() != 'false'
    c.remove_directives()
    src = c.source.strip()
    if c.cell_type=='markdown': return [repo_links(src)] if src else []
    if c.cell_type!='code' or not src: return []
    outs = [out_md(o, f'cell-{i}-output-{j}.png', files) for j,o in enumerate(c.outputs)]
    return ([f'```python\n{src}\n```'] if echo else []) + [o for o in outs if o.strip()]

def readme(
    nb:Path=index, # Notebook of the front page
)->tuple: # Text of README.md, and a dict of its pictures' names and bytes
    "README.md and its pictures, as `nb` would have them"
    files = {}
    blocks = [b for i,c in enumerate(read_nb(nb).cells) for b in cell_md(i, c, files)]
    return '<!-- Written by `make readme`; edit nbs/index.ipynb -->\n\n' + '\n\n'.join(blocks) + '\n', files

def stale()->str: # One sentence, empty when all agrees
    "What is out of date about README.md, compared to the index notebook"
    txt,files = readme()
    have = {p.name: p.read_bytes() for p in pics.glob('*')}
    if not dest.exists() or dest.read_text(encoding='utf-8') != txt: what = 'README.md'
    elif have != files: what = f'{pics.name}/'
    else: return ''
    return f'{what} does not agree with nbs/index.ipynb: run `make readme` and commit the result'

@call_parse
def main(
    check:bool=False, # Write nothing; exit with 1 when README.md is out of date
):
    "Write README.md from nbs/index.ipynb"
    if check: sys.exit(stale() or 0)
    txt,files = readme()
    dest.write_text(txt, encoding='utf-8')
    for p in pics.glob('*'):
        if p.name not in files: p.unlink()
    if files: pics.mkdir(exist_ok=True)
    for k,v in files.items(): (pics/k).write_bytes(v)
