"Requirements, extras and console scripts live in `settings.ini`; everything else is in `pyproject.toml`."
from configparser import ConfigParser
from setuptools import setup

cfg = ConfigParser(delimiters=['='])
cfg.read('settings.ini', encoding='utf-8')
ini = cfg['DEFAULT']
lib = ini['lib_name']

extras = {o:ini[f'{o}_requirements'].split() for o in ('dev','demo','onnx','runtime','forecast','distributed','hf')}
extras['dev'] = [r for o in extras.values() for r in o]

setup(install_requires=ini['requirements'].split(), extras_require=extras,
    entry_points=dict(console_scripts=ini['console_scripts'].split(), nbdev=[f'{lib}={lib}._modidx:d']))
