"""Does `read_clip` give the frames that the `ffmpeg` command gives?

    python bench/agree.py [--n 87]

Real clips where there are some, else the sample's, are decoded by both. The number of frames, their order and their
pixels are compared. Clips with B-frames, which a file does not hold in the order in which they are shown, have a
row of their own. Needs the `ffmpeg` command."""
import numpy as np,subprocess
from tempfile import TemporaryDirectory
from av.video.frame import PictureType
from fastcore.script import call_parse
from common import clips_name,need,print_table,some_clips
need(programs=['ffmpeg'])
from action_recog.videos.opening import probe
from action_recog.videos.video import open_frames,read_clip

def by_ffmpeg(video, info):
    "All frames of `video`, decoded by another FFmpeg"
    raw = ['-fps_mode', 'passthrough', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-']
    out = subprocess.run(['ffmpeg', '-v', 'error', '-i', str(video), *raw], capture_output=True, check=True).stdout
    return np.frombuffer(out, np.uint8).reshape(-1, info.height, info.width, 3).transpose(0,3,1,2)

def has_bframes(video):
    "Are frames of `video` predicted from both sides?"
    with open_frames(video) as frames: return any(o.frame.pict_type==PictureType.B for o in frames)

def coarse(frames):
    "One pixel in 64 of each frame, as a row of numbers"
    return frames[:,:,::8,::8].astype(np.int32).reshape(len(frames), -1)

def same_order(ours, theirs):
    "Does each frame look most like the other's frame of the same number, or like one equal to that?"
    rows = coarse(ours)
    distance = np.stack([abs(rows-o).sum(1) for o in coarse(theirs)], 1)
    return bool((distance.diagonal()<=distance.min(1)).all())

def compare(video):
    "What is counted for one clip"
    ours = read_clip(video, range).numpy()
    theirs = by_ffmpeg(video, probe(video))
    res = dict(frames=len(ours), same_count=False, same_order=False, largest=255, mean=255.)
    if ours.shape!=theirs.shape: return res
    difference = abs(ours.astype(np.int16)-theirs)
    res.update(same_count=True, same_order=same_order(ours, theirs))
    return dict(res, largest=difference.max(), mean=difference.mean())

def summary(kind, found):
    "A row of the table for the clips of one kind"
    def all_of(key): return [o[key] for o in found]
    return [kind, len(found), sum(all_of('frames')), sum(all_of('same_count')), sum(all_of('same_order')),
        max(all_of('largest')), f'{np.mean(all_of("mean")):.4f}']

@call_parse
def main(
    n:int=87, # Clips, spread over all that are there
    path:str=None, # Folder with `UCF101/`, $ACTION_RECOG_DATA if not given
):
    "Compare `read_clip` with the `ffmpeg` command"
    kinds = {}
    with TemporaryDirectory() as tmp:
        for video in some_clips(n, tmp, path):
            kind = 'with B-frames' if has_bframes(video) else 'without B-frames'
            kinds.setdefault(kind, []).append(compare(video))
    header = [f'clips of {clips_name(path)}', 'number', 'frames', 'same count', 'same order', 'largest difference',
        'mean difference']
    print_table(header, (summary(kind, found) for kind,found in kinds.items()))
