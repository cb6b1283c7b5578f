"What the scripts in `bench/` share: the data, clips, turns, processes that are killed, tables"
import multiprocessing,os,platform,signal,statistics,subprocess,sys,time
from importlib.util import find_spec
from pathlib import Path
from shutil import which

four = 'baseline','lstm','convlstm','timesformer'

def skip(
    why:str, # What is missing, and how to get it
):
    "End this script with one line, so that `make bench` goes on with the next"
    print(f'left out: {why}')
    sys.exit()

def need(
    *packages:str, # Names to import
    programs:tuple=(), # Names of commands
):
    "End this script with one line where a tool is missing"
    missing = [o for o in packages if find_spec(o) is None] + [o for o in programs if which(o) is None]
    if missing: skip(f'{", ".join(missing)} cannot be found: install it first')

def data_folder(
    path:str=None, # Folder with `UCF101/`, `ucfTrainTestlist/` and `weights/`; `$ACTION_RECOG_DATA` if not given
)->Path|None: # `None` where no folder is given and none is there
    "The folder of real clips"
    named = path or os.environ.get('ACTION_RECOG_DATA')
    folder = Path(named or Path(__file__).resolve().parents[2]/'shared/data')
    if (folder/'UCF101').is_dir(): return folder
    if path: raise SystemExit(f'{path} has no folder UCF101: name the folder above the one with the classes')

def need_data(
    path:str=None, # As for `data_folder`
)->Path: # The folder
    "The folder of real clips, without which this script has nothing to do"
    data = data_folder(path)
    if data is None: skip('there are no real clips: name their folder by ACTION_RECOG_DATA')
    return data

def spread(
    items:list, # Anything
    n:int, # How many to take, at most
)->list: # Some of `items` in their order
    "Items that are spread evenly over all"
    step = max(len(items)/n, 1)
    return [items[int(i*step)] for i in range(min(n, len(items)))]

def some_clips(
    n:int, # Clips, spread over all that are there
    tmp:Path, # Folder for the sample, which takes the place of real clips
    path:str=None, # As for `data_folder`
)->list: # Video files
    "Real clips where there are some, else clips of the sample"
    from action_recog.videos.sample import write_sample
    from action_recog.videos.opening import get_videos
    data = data_folder(path)
    videos = get_videos(data/'UCF101' if data else write_sample(Path(tmp)/'sample', n_groups=8)/'UCF-101')
    return spread(videos, n)

def clips_name(
    path:str=None, # As for `data_folder`
)->str: # 'UCF101' or 'the sample'
    "What `some_clips` takes its clips from"
    return 'UCF101' if data_folder(path) else 'the sample'

def megabytes(
    path:Path, # File or folder
)->float: # Units of 10**6 bytes
    "Size of a file, or of all files in a folder"
    files = path.rglob('*') if path.is_dir() else [path]
    return sum(o.stat().st_size for o in files if o.is_file())/1e6

def cuda_clock()->float: # Seconds
    "The time, once the GPU has done all it was given"
    import torch
    torch.cuda.synchronize()
    return time.perf_counter()

def own_clock(
    device, # `'cpu'`, or a name that begins with `'cuda'`
): # Function without arguments
    "Processor time on a CPU, which a busy machine does not change as much; the time on a GPU"
    return time.process_time if str(device)=='cpu' else cuda_clock

def in_turns(
    ways:dict, # Functions without arguments, by name
    rounds:int, # Times that each is called, the ways taking turns
    clock=time.perf_counter, # Or another function that gives seconds
    warm_up:bool=False, # One more round first, which does not count?
)->dict: # List of seconds of each, by name
    "Time several ways to do the same"
    seconds = {name:[] for name in ways}
    for i in range(rounds+warm_up):
        for name,way in ways.items():
            start = clock()
            way()
            took = clock()-start
            if i or not warm_up: seconds[name].append(took)
    return seconds

def medians(
    seconds:dict, # As `in_turns` gives it
)->dict: # Seconds by name
    "The median of each way"
    return {name:statistics.median(own) for name,own in seconds.items()}

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
    n = torch.get_num_threads()
    return f'CPU, {platform.machine()}, {n} thread{"" if n==1 else "s"}'

mp = multiprocessing.get_context('fork' if hasattr(os, 'fork') else 'spawn')

def killed_after(
    secs:float, # Seconds to wait
    f, # What the process calls
    *args
)->bool: # Was there still something to kill?
    "Call `f` in a process of its own, and kill that after `secs`"
    process = mp.Process(target=f, args=args)
    process.start()
    process.join(secs)
    alive = process.is_alive()
    process.kill()
    process.join()
    return alive

def start_group(
    cmd:list, # Program and arguments
)->subprocess.Popen: # The process
    "Start a silent command in a process group of its own, which `kill_group` ends with all its workers"
    return subprocess.Popen(cmd, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

def kill_group(
    process:subprocess.Popen, # From `start_group`
)->bool: # Was there still something to kill?
    "Kill a command and its workers"
    if process.poll() is not None: return False
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return True

def wait_for_work(
    process:subprocess.Popen, # From `start_group`
    look, # Function without arguments; what it gives changes once the work has begun
)->float: # When that was, by `time.perf_counter`
    "Wait until a command has begun its work or has ended"
    before = look()
    while look()==before and process.poll() is None: time.sleep(.005)
    return time.perf_counter()

def print_row(
    row:list, # Values, numbers formatted already
):
    "Print a row of a Markdown table"
    print(f'| {" | ".join(map(str, row))} |', flush=True)

def print_table(
    header:list, # Names of the columns
    rows, # Lists of values, numbers formatted already; a generator's are printed as they come
):
    "Print a Markdown table"
    print()
    print_row(header)
    print_row(['---']+['--:']*(len(header)-1))
    for row in rows: print_row(row)

def save_json(
    fn:str, # File, or `None` to write nothing
    obj, # What JSON knows
):
    "Write figures to a file, all of them or nothing"
    from action_recog.videos.files import write_json
    if fn is None: return
    Path(fn).parent.mkdir(parents=True, exist_ok=True)
    write_json(fn, obj)
