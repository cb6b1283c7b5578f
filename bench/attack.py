"""Damaged and hostile input, full disks and kills: is each one answered well?

    python bench/attack.py [--videos 300] [--pictures 100] [--rar folder] [--seed 0] [--keep folder]

Each try runs in a process of its own. It is clean if it gives a result or one of our own errors, one sentence that
names the file; if nothing half-written is left and nothing outside its folder; if its memory stays below 3 GB; and if
checking, reading and extracting agree. Those that are not clean are named, and `--keep` copies their files.

The videos are made here in many containers and codecs, with some of UCF101 where there are any; the RAR archives are
those in `rar/` of the data folder, or in another one. Full disks need root, for a file system in memory."""
import io,json,multiprocessing,os,random,resource,shutil,subprocess,sys,time,traceback,warnings,zipfile
from contextlib import contextmanager,redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from fastcore.script import call_parse
from common import data_folder,mp,print_table,spread
import numpy as np
from fastai.vision.all import Callback,CancelFitException,PILImage,set_seed
from action_recog.all import *
from action_recog.test_utils import moving_square,quiet,tiny_dls,tiny_sample,write_video

most_mb = 3000

# Tries

@dataclass
class Said:
    "What came of a try"
    value:object=None # What it gave
    kind:str=None # Type of the error, `None` if there was none
    text:str='' # What the error said
    is_ours:bool=True # Is it one of our errors?
    mb:int=0 # Memory that the try took, in megabytes

def is_ours(e):
    "Is `e` an error that the package raises by itself, in a sentence?"
    if isinstance(e, (VideoError, ArchiveError)): return True
    # An error of the system has a number, ours has none
    own = isinstance(e, OSError) and e.errno is None or type(e) in (ValueError, MemoryError)
    if not own: return False
    return 'action_recog' in traceback.extract_tb(e.__traceback__)[-1].filename

def tried(f, *args):
    "What comes of `f(*args)`"
    try: return Said(f(*args))
    except Exception as e: return Said(kind=type(e).__name__, text=str(e), is_ours=is_ours(e))

def _work(connection, f, args):
    null = os.open(os.devnull, os.O_WRONLY)
    for fd in (1,2): os.dup2(null, fd)
    warnings.simplefilter('ignore')
    peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss//1024
    before = peak()
    said = tried(f, *args)
    said.mb = peak()-before
    connection.send(said)
    os._exit(0)

def in_child(f, *args, secs=60):
    "What comes of `f(*args)` in a process of its own"
    ours,theirs = mp.Pipe(duplex=False)
    process = mp.Process(target=_work, args=(theirs, f, args))
    process.start()
    theirs.close()
    try: said = ours.recv() if ours.poll(secs) else Said(kind='Timeout', text=f'no end within {secs} s', is_ours=False)
    except EOFError: said = None
    process.kill()
    process.join()
    return said or Said(kind='Crash', text=f'the process ended with {process.exitcode}', is_ours=False)

def why_unclean(said, *names):
    "What is wrong with what came, `None` if it is clean; the sentence has to name one of `names`"
    if said.mb>most_mb: return f'took {said.mb} MB'
    if said.kind is None: return None
    if not said.is_ours: return f'{said.kind}: {said.text[:200]}'
    if '\n' in said.text: return f'not one sentence: {said.text[:200]!r}'
    if not any(str(o) in said.text for o in names): return f'names no file: {said.text[:200]}'

@dataclass
class Count:
    "How many tries of a kind gave a result, were refused, were not clean"
    name:str
    good:int=0
    refused:int=0
    bad:list=None

    def add(self, what, is_good, why):
        "Count a try of the input `what`"
        self.bad = self.bad or []
        if why: self.bad.append((what, why))
        elif is_good: self.good += 1
        else: self.refused += 1

    @property
    def row(self):
        n_bad = len(self.bad or [])
        return [self.name, self.good+self.refused+n_bad, self.good, self.refused, n_bad]

def below(folder):
    "All that is below `folder`, hidden things too"
    return {o.relative_to(folder).as_posix() for o in Path(folder).rglob('*')}

# Videos

kinds = '''mp4:libx264 mp4:mpeg4 mov:mpeg4 mkv:libx264 webm:libvpx webm:libvpx-vp9 avi:mpeg4 avi:mjpeg avi:libx264
avi:msmpeg4 ts:libx264 ts:mpeg2video mpg:mpeg1video flv:flv wmv:wmv2 gif:gif mxf:mpeg2video 3gp:h263 m2v:mpeg2video
y4m:rawvideo mkv:ffv1 mov:qtrle mov:png'''.split()
formats = dict(gif='rgb8', mjpeg='yuvj420p', png='rgb24', qtrle='rgb24')

def make_videos(folder, data):
    "Videos in the containers and codecs that can be written here, and some of UCF101"
    folder.mkdir()
    videos = []
    for kind in kinds:
        suffix,codec = kind.split(':')
        fn = folder/f'{codec}.{suffix}'
        try: write_video(fn, moving_square(30, 144, 176, 40), codec=codec, pix_fmt=formats.get(codec, 'yuv420p'))
        except Exception as e: print(f'left out: {codec} in .{suffix} cannot be written here ({e})')
        else: videos.append(fn)
    return videos+(spread(get_videos(data/'UCF101'), 7) if data else [])

def flip_bits(b, rng):
    for _ in range(rng.choice((1,10,100))): b[rng.randrange(len(b))] ^= 1<<rng.randrange(8)

def cut_end(b, rng): del b[rng.randrange(len(b)):]

def cut_middle(b, rng):
    at = rng.randrange(len(b))
    del b[at:at+rng.randrange(1, 5000)]

def change_head(b, rng):
    for _ in range(rng.randint(1, 8)): b[rng.randrange(min(len(b), 600))] = rng.choice((0, 1, 127, 255, rng.randrange(256)))

def change_numbers(b, rng):
    "Large numbers in the place of some near the beginning or the end"
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(min(len(b), 2000))
        if rng.random()<.5: at = max(len(b)-at-4, 0)
        b[at:at+4] = rng.choice((b'\xff\xff\xff\xff', b'\x7f\xff\xff\xff', b'\0\0\0\0', b'\xff\xff\xff\x7f'))

def zero_block(b, rng):
    at = rng.randrange(len(b))
    b[at:at+4000] = bytes(len(b[at:at+4000]))

def double_block(b, rng):
    at = rng.randrange(len(b))
    b[at:at] = b[at:at+3000]

def cut_begin(b, rng): del b[:rng.randrange(1, len(b))]

damages = [flip_bits, cut_end, cut_middle, change_head, change_numbers, zero_block, double_block, cut_begin]

def damaged(fn, dest, damage, rng):
    "A copy of `fn` with one `damage`"
    b = bytearray(fn.read_bytes())
    damage(b, rng)
    dest.write_bytes(b)
    return dest

def watched(fn):
    "Frames that a `FrameReader` takes from `fn`"
    with FrameReader(fn, size=32) as reader:
        n = 0
        while frames := reader.take(): n += len(frames)
    return n

def use_video(learn, fn, folder):
    "What comes of each way to use the video `fn`"
    ways = dict(probe=partial(probe, fn), read=lambda: read_clip(fn, UniformSampler(4), size=32).shape,
        key_frames=lambda: read_clip(fn, KeyFrameSampler(4), size=32, keyframes=True).shape,
        check=partial(check_video, fn), extract=lambda: len(avi2frames(fn, folder, size=32).ls()),
        predict=lambda: len(predict_video(learn, fn, k=2)), watch=partial(watched, fn))
    res = {name:tried(f) for name,f in ways.items()}
    for o in res.values(): o.value = o.value if isinstance(o.value, int) else None
    return res

def disagreement(said, folder, fn):
    "Where ways to use a video disagree, or what they left behind"
    check,extract = said['check'],said['extract']
    # What decoders patch up is read, and a check that is strict names it as damaged
    if check.kind is None and extract.kind: return f'the check passes it, but extracting says: {extract.text}'
    if check.kind is None and check.value!=extract.value: return f'{check.value} frames checked, {extract.value} extracted'
    for way in ('read','predict'):
        if check.kind is None and said[way].kind: return f'the check passes it, but {way} says: {said[way].text}'
    done = folder/fn.parent.name/fn.stem
    if done.exists()!=(extract.kind is None): return 'a folder of frames is there without its video being read'
    if done.exists():
        try: n = check_frames(done)
        except VideoError as e: return f'frames that were extracted are broken: {e}'
        if n!=extract.value: return f'{extract.value} frames were extracted, {n} are there'
    others = {o for o in below(folder) if '.part-' in o}
    if others: return f'left behind: {min(others)}'

def try_video(count, learn, fn, tmp):
    "Use a damaged video in all ways"
    folder = tmp/'frames'
    whole = in_child(use_video, learn, fn, folder)
    why = why_unclean(whole)
    if not why:
        faults = {name:why_unclean(o, fn, fn.name) for name,o in whole.value.items()}
        why = '; '.join(f'{name}: {o}' for name,o in faults.items() if o) or disagreement(whole.value, folder, fn)
    shutil.rmtree(folder, ignore_errors=True)
    count.add(fn, whole.kind is None and whole.value['read'].kind is None, why)

def attack_videos(n, learn, data, tmp, rng):
    "Damage videos and use them"
    count = Count('damaged videos')
    videos = make_videos(tmp/'whole', data)
    (tmp/'A').mkdir()
    for i in range(n):
        fn,damage = videos[i%len(videos)],damages[i//len(videos)%len(damages)]
        name = f'{i:03}-{damage.__name__}-{fn.stem}{fn.suffix}'
        try_video(count, learn, damaged(fn, tmp/'A'/name, damage, rng), tmp)
    return count

def rows_of(f, *args):
    "Status by clip of a report"
    report = f(*args, n_workers=0)
    return report.iloc[:,0].tolist(), report.status.tolist()

def attack_data_set(learn, tmp):
    "Check, extract and answer for all damaged videos in one go"
    count = Count('data sets of damaged videos')
    data,videos = tmp/'data',get_videos(tmp/'A')
    (data/'A').mkdir(parents=True)
    for o in videos: os.link(o, data/'A'/o.name)
    jobs = dict(check_dataset=lambda: len(check_dataset(data, n_workers=2)),
        extract_dataset=lambda: len(extract_dataset(data, tmp/'all', size=32, n_workers=2)),
        shrink=lambda: len(shrink(data, tmp/'small', size=32, n_workers=2)),
        predict_videos=lambda: len(predict_videos(learn, get_videos(data), k=1)))
    for name,f in jobs.items():
        said = in_child(f, secs=300)
        why = why_unclean(said)
        if not why and said.value!=len(videos): why = f'{said.value} rows for {len(videos)} videos'
        count.add(name, True, why)
    return count

# Pictures

def make_clip(folder, rng):
    "A folder of four frames"
    folder.mkdir(parents=True)
    image = np.random.default_rng(rng.randrange(2**32)).integers(0, 255, (6,8,3)).astype(np.uint8)
    for i in range(4): PILImage.create(np.roll(image, i, 0)).resize((160,120)).save(folder/f'{i}.jpg')

def use_frames(folder):
    "What comes of each way to use a frame folder"
    ways = dict(check=partial(check_frames, folder), read=lambda: len(read_frames(folder, range(4), 32)),
        tuple=lambda: len(ImageTuple.create(folder)), tensor=lambda: len(TensorClip.create(folder)))
    return {name:tried(f) for name,f in ways.items()}

def attack_pictures(n, tmp, rng):
    "Damage a JPEG among four and read them"
    count = Count('damaged JPEGs')
    for i in range(n):
        damage = damages[i%len(damages)]
        folder = tmp/'pictures'/f'{i:03}-{damage.__name__}'
        make_clip(folder, rng)
        damaged(folder/'2.jpg', folder/'2.jpg', damage, rng)
        said = in_child(use_frames, folder)
        why = why_unclean(said)
        if not why:
            faults = {name:why_unclean(o, folder) for name,o in said.value.items()}
            why = '; '.join(f'{name}: {o}' for name,o in faults.items() if o)
            check,read = said.value['check'],said.value['read']
            if not why and (check.kind is None)!=(read.kind is None): why = 'checking and reading disagree'
        count.add(folder, said.kind is None and read.kind is None, why)
    return count

# Archives

def try_archive(count, fn, tmp):
    "Unpack an archive, and look for what it did beside that"
    root = tmp/'unpacked'
    dest = root/'inside'/fn.stem
    dest.parent.mkdir(parents=True)
    said = in_child(unrar, fn, dest)
    why = why_unclean(said, fn, fn.name, dest)
    is_whole = dest.is_dir() and bool(extracted_from(dest))
    outside = {o for o in below(root) if not f'{o}/'.startswith(f'inside/{fn.stem}/')}-{'inside'}
    if not why and said.kind is None and not is_whole: why = 'what it gave is not complete'
    if not why and said.kind and dest.exists(): why = 'refused, and yet there is something'
    if outside: why = f'there is {min(outside)}'
    count.add(fn, said.kind is None, why)
    shutil.rmtree(root)

def attack_rars(folder, tmp, rng):
    "Unpack RAR archives, and damaged copies of them"
    whole,broken = Count('RAR archives'),Count('damaged RAR archives')
    (tmp/'rar').mkdir()
    for fn in sorted(folder.rglob('*.rar')):
        try_archive(whole, fn, tmp)
        for damage in rng.sample(damages[:6], 3):
            try_archive(broken, damaged(fn, tmp/'rar'/f'{damage.__name__}-{fn.name}', damage, rng), tmp)
    return [whole,broken]

def plain_zip(fn, *names):
    "A ZIP with members of these names, which `zipfile` does not change"
    with zipfile.ZipFile(fn, 'w') as z:
        for name in names:
            info = zipfile.ZipInfo('x')
            info.filename = info.orig_filename = name
            z.writestr(info, b'' if name.endswith('/') else b'text')
    return fn

def special_zip(fn, mode, content=b'../../outside', name='x'):
    "A ZIP whose member is of a kind that `mode` tells"
    with zipfile.ZipFile(fn, 'w') as z:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode<<16
        z.writestr(info, content)
    return fn

def bomb(fn, n_bytes, said=None):
    "A ZIP of `n_bytes` zeros, which announces `said` bytes"
    with zipfile.ZipFile(fn, 'w', zipfile.ZIP_DEFLATED) as z: z.writestr('zeros', bytes(n_bytes))
    if said is None: return fn
    b = fn.read_bytes()
    fn.write_bytes(b.replace(n_bytes.to_bytes(4, 'little'), said.to_bytes(4, 'little')))
    return fn

def changed_zip(fn, *pairs):
    "A ZIP in which some bytes are replaced by others"
    b = plain_zip(fn, 'first.txt', 'other.txt').read_bytes()
    for old,new in pairs: b = b.replace(old, new)
    fn.write_bytes(b)
    return fn

hostile_names = dict(parent=['../x'], deep_parent=['a/../../x'], absolute=['/tmp/x'], windows=['C:\\x'], backslash=['..\\x'],
    unc=['\\\\host\\x'], dots=['a/b/../../../x'], twice=['a','a'], case=['A.txt','a.txt'], same_plain=['a','./a'],
    file_and_folder=['a','a/b'], file_below_file=['a','a/b/c'], long=['x'*300], long_utf8=['ä'*200], deep=['d/'*1500+'x'],
    long_path=['/'.join(['y'*200]*12)], record=['.extracted.json'], record_below=['a/.extracted.json'], empty_name=[''],
    dot=['.'], dot_slash=['./a.txt'], double_slash=['d//a'], newline=['a\nb'], control=['a\x1b[31m'], null=['a\0b'],
    colon=['10:30.txt'], device_name=['CON','NUL.txt'], trailing=['a. ','b '],
    part_name=['.x.part-host-1-0123abcd/a'], folder_alone=['d/'], folder_twice=['d/','d/'])

def hostile_zips(folder):
    "Archives that want to do what they should not, and odd ones that are sound"
    folder.mkdir()
    for name,members in hostile_names.items(): yield plain_zip(folder/f'{name}.zip', *members)
    yield special_zip(folder/'link.zip', 0o120777)
    yield special_zip(folder/'device.zip', 0o060666, b'')
    yield special_zip(folder/'pipe.zip', 0o010666, b'')
    yield special_zip(folder/'setuid.zip', 0o104755, b'text')
    yield special_zip(folder/'no_rights.zip', 0o100000, b'text')
    yield bomb(folder/'bomb.zip', 2**27)
    yield bomb(folder/'bomb_that_lies.zip', 2**24, 100)
    yield bomb(folder/'bomb_too_large.zip', 2**20, 2**32-2)
    yield changed_zip(folder/'two_names.zip', (b'PK\1\2', b'PK\1\2'), (b'other.txt', b'first.txt'))
    yield changed_zip(folder/'not_utf8.zip', (b'first', b'f\xf6\xdfst'))
    yield changed_zip(folder/'wrong_content.zip', (b'text', b'tent'))
    yield changed_zip(folder/'odd_method.zip', (b'PK\3\4\x14\0\0\0\0\0', b'PK\3\4\x14\0\0\0\x63\0'), (b'\x14\0\0\0\0\0', b'\x14\0\0\0\x63\0'))
    empty = folder/'empty.zip'
    zipfile.ZipFile(empty, 'w').close()
    yield empty
    (folder/'no_zip.zip').write_bytes(b'PK\3\4'+bytes(100))
    yield folder/'no_zip.zip'

def attack_zips(tmp):
    "Unpack hostile ZIPs"
    count = Count('hostile and odd ZIPs')
    for fn in hostile_zips(tmp/'zip'): try_archive(count, fn, tmp)
    return count

# Full disks

@dataclass
class Writer:
    "Something that writes, and where"
    name:str # Of what it writes
    write:object # Function of where it writes
    goes_on:bool=False # May it leave what it goes on with?

def make_writers(learn, sample, fn):
    "All that writes files of some size"
    recipe = get_recipe('baseline', 'sample', image_size=32, seq_len=4, bs=8, epochs=2)
    video = get_videos(sample)[0]
    def extract(dest):
        report = extract_dataset(sample, dest, n_workers=0)
        if 'failed' in report.status.tolist(): raise VideoError(report.reason.dropna().iloc[0])
    return [Writer('sample', partial(write_sample, n_groups=4, n_clips=1)),
        Writer('frames', extract, goes_on=True),
        Writer('archive', partial(unrar, fn)),
        Writer('run', lambda o: save_run(sample, 'baseline', o, recipe, num_workers=0), goes_on=True),
        Writer('model', partial(save_model, learn)),
        Writer('program.pt2', partial(to_program, learn)),
        Writer('labels.mp4', lambda o: annotate(predict_video(learn, video), o)),
        Writer('values.json', lambda o: write_json(o, list(range(20000))))]

@contextmanager
def small_disk(folder, n_bytes):
    "A file system of `n_bytes` in `folder`"
    subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={n_bytes}', 'tmpfs', folder], check=True)
    try: yield folder
    finally: subprocess.run(['umount', '-l', folder], check=True)

def can_mount(folder):
    "Can file systems be mounted here?"
    if not hasattr(os, 'geteuid') or os.geteuid() or not shutil.which('mount'): return False
    try:
        with small_disk(folder, 2**20): return True
    except (OSError, subprocess.CalledProcessError): return False

def n_bytes_of(path): return sum(o.stat().st_size for o in ([path] if path.is_file() else path.rglob('*')) if o.is_file())

def left_half(writer, dest):
    "What a writer left that looks whole and is not, or is in the way"
    parts = {o for o in below(dest.parent) if '.part-' in o or o.endswith('.lock')}
    if parts: return f'left behind: {min(parts)}'
    if not writer.goes_on: return f'{dest.name} is there' if dest.exists() else None
    for fn in dest.glob('checkpoint*'):
        if tried(read_checkpoint, fn).kind: return f'{fn.name} is broken'
    if (dest/'metrics.json').exists(): return 'the run looks finished'

def on_full_disk(writer, n_bytes, disk):
    "Write where there is too little room, then with more; what was unclean"
    with small_disk(disk, n_bytes):
        dest = disk/writer.name
        said = in_child(writer.write, dest)
        if said.kind is None: return 'it found room'
        why = why_unclean(said, dest) or left_half(writer, dest)
        if why: return why
        subprocess.run(['mount', '-o', 'remount,size=200m', disk], check=True)
        again = in_child(writer.write, dest)
        if again.kind: return f'with more room: {again.kind}: {again.text[:200]}'

def attack_disk(writers, tmp):
    "Write to disks that are too small"
    count,disk = Count('full disks'),tmp/'disk'
    disk.mkdir()
    if not can_mount(disk):
        print('left out: full disks need root, to mount small file systems')
        return count
    for writer in writers:
        dest = tmp/f'room-{writer.name}'
        said = in_child(writer.write, dest)
        n_bytes = n_bytes_of(dest)
        for share in (.02,.3,.6,.85):
            size = max(int(n_bytes*share)//4096, 1)*4096
            why = said.kind and f'{said.kind}: {said.text}' or on_full_disk(writer, size, disk)
            count.add(f'{writer.name} in {size} bytes', False, why)
    return count

# Kills

def digests(path):
    "The content of all files below `path`, without what tells the time"
    timed = {'metrics.json','history.csv','losses.png','learner.pkl','README.md','run.json','report.json','.extracted.json','config.json'}
    return {o.relative_to(path).as_posix():o.read_bytes() for o in path.rglob('*') if o.is_file() and o.name not in timed}

def _session(f, dest):
    os.setsid()
    null = os.open(os.devnull, os.O_WRONLY)
    for fd in (1,2): os.dup2(null, fd)
    f(dest)
    os._exit(0)

def is_alive(session):
    "Is there still a process of this session?"
    for fn in Path('/proc').glob('[0-9]*/stat'):
        try: state,_,_,own = fn.read_text().rpartition(')')[2].split()[:4]
        except OSError: continue
        if own==str(session) and state!='Z': return True
    return False

def killed(f, dest, secs):
    "Kill `f(dest)` after `secs`: what of it goes on five seconds later"
    process = mp.Process(target=_session, args=(f, dest))
    process.start()
    process.join(secs)
    process.kill()
    process.join()
    end = time.time()+5
    while is_alive(process.pid):
        if time.time()>end: return 'its workers go on'
        time.sleep(.1)

def is_half(dest, whole, by_folder):
    "Does something have its final name that is not as in the uninterrupted run?"
    if not dest.exists(): return None
    for folder in dest.glob('*/[!.]*') if by_folder else [dest]:
        place = folder.relative_to(dest).as_posix()
        want = {k:v for k,v in whole.items() if f'{k}/'.startswith('' if place=='.' else f'{place}/')}
        if digests(folder)!={Path(k).relative_to(place).as_posix():v for k,v in want.items()}: return f'{folder.name} is half-done'

def kill_often(count, writer, n, tmp, rng):
    "Kill a writer `n` times, then let it end"
    folder = tmp/f'kill-{writer.name}'
    folder.mkdir()
    start = time.time()
    said = in_child(writer.write, folder/'whole', secs=300)
    secs,whole = time.time()-start,digests(folder/'whole')
    dest,whys = folder/'dest',[said.kind and said.text]
    for i in range(n):
        whys.append(killed(writer.write, dest, rng.uniform(.05, 1)*secs))
        whys.append(None if writer.name=='run' else is_half(dest, whole, by_folder=writer.name=='frames'))
        if i%2 and dest.exists(): shutil.rmtree(dest)
        whys = [o for o in whys if o]
        count.add(f'{writer.name}, kill {i+1}', False, whys and whys[0] or None)
        whys = []
    said = in_child(writer.write, dest, secs=300)
    if said.kind: why = f'{said.kind}: {said.text}'
    elif digests(dest)!=whole: why = 'the end differs from that of an uninterrupted run'
    else: why = min((o for o in below(folder) if '.part-' in o or o.endswith('.lock')), default=None)
    count.add(f'{writer.name}, to the end', True, why)

def attack_by_kills(writers, sample, n, tmp, rng):
    "Kill what writes, and go on"
    count = Count('kills')
    by_name = {o.name:o for o in writers}
    frames = Writer('frames', lambda o: extract_dataset(sample, o, n_workers=2))
    for writer in (frames,by_name['sample'],by_name['archive'],by_name['run']): kill_often(count, writer, n, tmp, rng)
    return count

# All of it

def pack(fn, folder):
    "The videos below `folder` as a ZIP"
    with zipfile.ZipFile(fn, 'w', zipfile.ZIP_DEFLATED) as z:
        for o in get_videos(folder): z.write(o, o.relative_to(folder))
    return fn

def keep_files(counts, folder):
    "Copy the input of each try that was not clean"
    for count in counts:
        for what,_ in count.bad or []:
            if not isinstance(what, Path) or not what.exists(): continue
            copy = shutil.copytree if what.is_dir() else shutil.copy
            copy(what, Path(folder)/what.name)

def all_attacks(tmp, data, rar, videos, pictures, kills, rng):
    "Each attack, by turns"
    set_seed(0)
    with redirect_stdout(io.StringIO()): sample = tiny_sample(tmp/'sample')
    learn = timesformer_learner(tiny_dls(sample), dim=32, depth=1, heads=2, dim_head=16)
    learn.remove_cbs(learn.cbs.filter(lambda o: o.name=='progress'))
    writers = make_writers(learn, sample, pack(tmp/'clips.zip', sample))
    yield attack_videos(videos, learn, data, tmp, rng)
    yield attack_data_set(learn, tmp)
    yield attack_pictures(pictures, tmp, rng)
    if rar: yield from attack_rars(Path(rar), tmp, rng)
    else: print('left out: there are no RAR archives, name their folder by --rar')
    yield attack_zips(tmp)
    yield attack_disk(writers, tmp)
    yield attack_by_kills(writers, sample, kills, tmp, rng)

@call_parse
def main(
    videos:int=300, # Damaged videos
    pictures:int=100, # Damaged JPEGs
    kills:int=6, # Kills of each of four writers
    rar:str=None, # Folder with RAR archives, `rar/` beside `UCF101/` if not given
    path:str=None, # Folder with `UCF101/`, $ACTION_RECOG_DATA if not given
    seed:int=0, # Another seed damages otherwise
    keep:str=None, # Folder for copies of what was not clean
):
    "Attack all that reads and writes, and count what was not clean"
    start,rng,data = time.perf_counter(),random.Random(seed),data_folder(path)
    if rar is None and data and (data/'rar').is_dir(): rar = data/'rar'
    counts = []
    with TemporaryDirectory() as tmp:
        def rows():
            for count in all_attacks(Path(tmp), data, rar, videos, pictures, kills, rng):
                counts.append(count)
                yield count.row
        print_table(['attack','tries','a result','refused in a sentence','not clean'], rows())
        if keep:
            Path(keep).mkdir(parents=True, exist_ok=True)
            keep_files(counts, keep)
    bad = [(count.name, what, why) for count in counts for what,why in count.bad or []]
    for name,what,why in bad: print(f'{name}: {what.name if isinstance(what, Path) else what}: {why}')
    print(f'\n{len(bad)} not clean, in {time.perf_counter()-start:.0f} s')
    if bad: sys.exit(1)
