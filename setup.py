"Requirements, extras and console scripts live in `settings.ini`; everything else is in `pyproject.toml`."
from configparser import ConfigParser
from setuptools import setup

cfg = ConfigParser(delimiters=['='])
cfg.read('settings.ini', encoding='utf-8')
ini = cfg['DEFAULT']
lib = ini['lib_name']

setup(install_requires=ini['requirements'].split(), extras_require=dict(dev=ini['dev_requirements'].split()),
    entry_points=dict(console_scripts=ini['console_scripts'].split(), nbdev=[f'{lib}={lib}._modidx:d']))
