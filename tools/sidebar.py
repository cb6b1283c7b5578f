"Write nbs/sidebar.yml: the road from videos to an answer, the tutorials, and each part of the package in groups"
import re,yaml
from pathlib import Path
from fastcore.script import call_parse
from nbdev.doclinks import nbglob
from nbdev.quarto import IndentDumper

nbs = Path(__file__).resolve().parents[1]/'nbs'

road = {
    'Get the videos':'videos/ucf101', 'Read frames and clips':'videos/video', 'Make batches of clips':'clips/data', 'Make a learner':'learners/learner',
    'Train it':'learners/training', 'Measure it':'learners/evaluate', 'Ask it about a video':'answers/predict', 'The same as commands':'answers/cli'}

groups = dict(
    videos={
        'Reading films':'video opening seek convert intra',
        'Frames and small films on disk':'frames shrink jpeg',
        'Data sets':'layout ucf101 sample films check',
        'Downloads and files':'download archive files bars'},
    clips={
        'From folders to batches':'data folders sampling augment',
        'What is held out':'splits groups',
        'Labels, and segments of long films':'labels segments formats tools tables columns',
        'The loader':'loader batches seeds'},
    learners={
        'A model and its learner':'learner baseline lstm convlstm timesformer backbones',
        'Published models':'pretrained text vit hf probe licence',
        'Layers':'encoder streams layers recurrent',
        'Training':'training recipes phases averaging features distributed speed',
        'Measuring':'evaluate metrics calibration timeline_scores',
        'Several runs and models':'runs tables fuse fusion',
        'A learner as files':'model_folder card plain'},
    forecast={},
    answers={
        'Asking about videos':'predict plan batches ahead',
        'Timelines':'timeline decide paths probs measure',
        'Pictures, cameras and pages':'annotate watch interpret demo',
        'Answers without fastai':'export runtime exported pictures windows streams shell',
        'Commands':'cli choose checks',
        'Looking at a data set':'look embed suspects'})

def by_name()->dict: # From `part/room` to the notebook, relative to `nbs/`
    "The notebooks in the order of their numbers"
    files = sorted(o.relative_to(nbs) for o in nbglob(nbs, as_path=True))
    return {(o.parent/re.sub(r'^\d+[a-z]?_', '', o.stem)).as_posix():o.as_posix() for o in files}

def section(
    title:str, # Shown in the side bar
    contents:list, # Notebooks and sections
)->dict: # As Quarto has it
    "A section of the side bar"
    return dict(section=title, contents=contents)

def part(
    name:str, # Folder of `nbs/`
    rooms:dict, # From the name of each of its rooms to its notebook
)->dict: # A section
    "A part of the package: rooms that are in no group, then the groups"
    own = {title:said.split() for title,said in groups.get(name, {}).items()}
    gone = {o for said in own.values() for o in said}-set(rooms)
    if gone: raise ValueError(f'tools/sidebar.py names {", ".join(sorted(gone))} in {name}, where there is no such notebook: take it out of its group')
    rest = [fn for room,fn in rooms.items() if not any(room in said for said in own.values())]
    return section(name, rest+[section(title, [rooms[o] for o in said]) for title,said in own.items()])

def sidebar()->str: # YAML
    "The docs' side bar"
    files = by_name()
    stops = [dict(text=text, href=files[o]) for text,o in road.items()]
    parts = {}
    for name,fn in files.items(): parts.setdefault(Path(name).parent.name, {})[Path(name).name] = fn
    contents = [files['index'], section('The road', stops), part('tutorials', parts['tutorials']), files['results'], files['core']]
    contents += [part(o, parts[o]) for o in groups]
    contents.append(files['test_utils'])
    return yaml.dump(dict(website=dict(sidebar=dict(contents=contents))), Dumper=IndentDumper, sort_keys=False, allow_unicode=True)

@call_parse
def main():
    "Write nbs/sidebar.yml"
    (nbs/'sidebar.yml').write_text(sidebar(), encoding='utf-8')
