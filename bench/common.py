"What the scripts in `bench/` share: the data, clips, turns, tables"
import json,os,platform,statistics,sys,time
from importlib.util import find_spec
from pathlib import Path
from shutil import which

results = Path(__file__).parent/'results'

def data_folder(
    path:str=None, # Folder with `UCF101/`, `ucfTrainTestlist/` and `weights/`; `$ACTION_RECOG_DATA` if not given
)->Path|None: # `None` where there is no such folder
    "The folder of real clips"
    path = Path(path or os.environ.get('ACTION_RECOG_DATA') or Path(__file__).resolve().parents[2]/'shared/data')
    return path if (path/'UCF101').is_dir() else None

def skip(
    why:str, # What is missing, and how to get it
):
    "End this script with one line, so that `make bench` goes on with the next"
    print(f'left out: {why}')
    sys.exit()

def need_data(
    path:str=None, # As for `data_folder`
)->Path: # The folder
    "The folder of real clips, without which this script has nothing to do"
    data = data_folder(path)
    if data is None: skip('there are no real clips: name their folder by ACTION_RECOG_DATA')
    return data

def need(
    *packages:str, # Names to import
    programs:tuple=(), # Names of commands
):
    "End this script with one line where a tool is missing"
    missing = [o for o in packages if find_spec(o) is None] + [o for o in programs if which(o) is None]
    if missing: skip(f'{", ".join(missing)} cannot be found: install it first')

def some_clips(
    n:int, # Clips, spread over all that are there
    tmp:Path, # Folder for the sample, which takes the place of real clips
    path:str=None, # As for `data_folder`
)->list: # Video files
    "Real clips where there are some, else clips of the sample"
    from action_recog.all import get_videos,write_sample
    data = data_folder(path)
    videos = get_videos(data/'UCF101' if data else write_sample(Path(tmp)/'sample', n_groups=8)/'UCF-101')
    step = max(len(videos)/n, 1)
    return [videos[int(i*step)] for i in range(min(n, len(videos)))]

def in_turns(
    ways:dict, # Functions without arguments, by name
    rounds:int, # Times that each is called, the ways taking turns
    clock=time.perf_counter, # `time.process_time` counts processor time, which a busy machine does not change as much
)->dict: # List of seconds of each, by name
    "Time several ways to do the same"
    seconds = {name:[] for name in ways}
    for _ in range(rounds):
        for name,way in ways.items():
            start = clock()
            way()
            seconds[name].append(clock()-start)
    return seconds

def times_as_fast(
    seconds:dict, # As `in_turns` gives it
    peer:str, # Name of the way to compare with
)->dict: # Median over the rounds of the peer's seconds by one's own
    "How many times as fast as the peer each way is, within the same round"
    pairs = {name:zip(seconds[peer], own) for name,own in seconds.items()}
    return {name:statistics.median(a/b for a,b in rounds) for name,rounds in pairs.items()}

def device_name()->str: # Of the GPU, or the CPU's threads
    "What this runs on"
    import torch
    if torch.cuda.is_available(): return torch.cuda.get_device_name()
    return f'CPU, {platform.machine()}, {torch.get_num_threads()} threads'

def print_table(
    header:list, # Names of the columns
    rows:list, # Lists of values, numbers formatted already
):
    "Print a Markdown table"
    for row in (header, ['---']+['--:']*(len(header)-1), *rows): print('| '+' | '.join(map(str, row))+' |', flush=True)

def save_json(
    name:str, # Of the file in `bench/results`, or a path
    obj, # What JSON knows
):
    "Write the figures that the docs quote"
    fn = Path(name) if '/' in str(name) else results/name
    fn.write_text(json.dumps(obj, indent=1))
