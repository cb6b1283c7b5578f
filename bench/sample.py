"""The sample: how long it takes to write, and what the four learners end at on it, seed by seed

    python bench/sample.py --seeds 0,1,2,3,4

This makes the rows of bench/results/sample.json, which the docs show. Runs that are in `--out` already are not
repeated. Nothing but the package is needed; the four trainings of a seed take about three minutes on two cores."""
import time
from pathlib import Path
from tempfile import TemporaryDirectory
import pandas as pd
from fastcore.script import call_parse
from common import four,megabytes,print_table,save_json
from action_recog.learners.tables import report_md
from action_recog.learners.runs import make_table
from action_recog.videos.sample import write_sample
from action_recog.videos.opening import get_videos

def measure(n_frames, groups):
    "Write a sample of clips of `n_frames` to a temporary folder, and count"
    with TemporaryDirectory() as d:
        start = time.perf_counter()
        path = write_sample(Path(d)/'sample', n_groups=groups, n_frames=n_frames)
        secs = time.perf_counter()-start
        videos = get_videos(path)
        mb = sum(map(megabytes, videos))
    return [n_frames, len(videos), f'{mb:.1f}', f'{secs:.1f}', f'{len(videos)*n_frames/secs:.0f}']

def by_seed(rows):
    "Clip accuracy in percent of each learner, a column for each seed, and the mean seconds of a training"
    df = pd.DataFrame(rows)
    table = (df.pivot(index='learner', columns='seed', values='clip_accuracy')*100).loc[df.learner.unique()]
    seconds = df.groupby('learner').seconds.mean()
    return [[name, *(f'{o:.1f}' for o in table.loc[name]), f'{seconds[name]:.0f}'] for name in table.index]

@call_parse
def main(
    lengths:str='16,32,64', # Frames of a clip, with commas between, to measure the writing; '' leaves that out
    groups:int=25, # Groups of each class in that
    seeds:str='0,1,2,3,4', # Trainings of each learner; '' leaves them out
    models:str=','.join(four), # Learners, with commas between
    data:str='data/sample', # Folder of the sample, made if it is not there
    out:str='runs/sample', # Folder of the runs; those that are there are not repeated
    num_workers:int=0, # Of the data loaders
    save:str='bench/results/sample.json', # File for the rows
):
    "Time to write the sample, and accuracies on it by seed"
    if lengths:
        rows = [measure(int(o), groups) for o in lengths.split(',')]
        print_table(['frames a clip', 'clips', 'MB', 'seconds', 'frames written a second'], rows)
    if not seeds: return
    seeds = [int(o) for o in seeds.split(',')]
    rows = make_table(write_sample(data)/'UCF-101', out, 'sample', models.split(','), seeds=seeds, num_workers=num_workers)
    print_table(['learner', *(f'seed {o}' for o in seeds), 'seconds'], by_seed(rows))
    print(f'\n{report_md(rows)}')
    save_json(save, sorted(rows, key=lambda o: (four.index(o['learner']), o['seed'])))
