"How long the sample takes to write and how large it is, with clips of 16, 32 and 64 frames. Prints a table: `python bench/sample.py`"
from tempfile import TemporaryDirectory
from time import perf_counter
from fastcore.all import *
from action_recog.videos.sample import write_sample

def measure(n_frames):
    "Write a sample of clips of `n_frames` to a temporary folder, and count"
    with TemporaryDirectory() as d:
        start = perf_counter()
        path = write_sample(Path(d)/'sample', n_frames=n_frames)
        secs = perf_counter()-start
        files = globtastic(path, file_glob='*.avi')
        mb = sum(Path(o).stat().st_size for o in files)/1e6
    return f'| {n_frames} | {len(files)} | {mb:.1f} | {secs:.1f} | {len(files)*n_frames/secs:.0f} |'

@call_parse
def main():
    "Time to write the sample, its clips and MB"
    rows = [measure(n) for n in (16, 32, 64)]
    print('\n| frames a clip | clips | MB | seconds | frames written a second |\n|---|---|---|---|---|', *rows, sep='\n')
