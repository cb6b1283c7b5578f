"""How long the sample takes to write and how large it is, with clips of several lengths

    python bench/sample.py [--lengths 16,32,64] [--groups 25]

Nothing but the package is needed."""
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from fastcore.script import call_parse
from common import megabytes,print_table
from action_recog.videos.sample import write_sample
from action_recog.videos.video import get_videos

def measure(n_frames, groups):
    "Write a sample of clips of `n_frames` to a temporary folder, and count"
    with TemporaryDirectory() as d:
        start = time.perf_counter()
        path = write_sample(Path(d)/'sample', n_groups=groups, n_frames=n_frames)
        secs = time.perf_counter()-start
        videos = get_videos(path)
        mb = sum(map(megabytes, videos))
    return [n_frames, len(videos), f'{mb:.1f}', f'{secs:.1f}', f'{len(videos)*n_frames/secs:.0f}']

@call_parse
def main(
    lengths:str='16,32,64', # Frames of a clip, with commas between
    groups:int=25, # Groups of each class
):
    "Time to write the sample, its clips and MB"
    rows = [measure(int(o), groups) for o in lengths.split(',')]
    print_table(['frames a clip', 'clips', 'MB', 'seconds', 'frames written a second'], rows)
