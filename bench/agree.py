"""`read_clip` against decoding by the `ffmpeg` command, on real clips where they are, else on the sample: number of frames, their order, their
pixels. Prints a table: `python bench/agree.py`
"""
import os,shutil,subprocess
from collections import defaultdict
from tempfile import TemporaryDirectory
from fastai.vision.all import *
from action_recog.videos.sample import write_sample
from action_recog.videos.video import get_videos,open_frames,probe,read_clip

def by_ffmpeg(video, info):
    "All frames of `video`, decoded by another FFmpeg"
    cmd = ['ffmpeg','-v','error','-i',str(video),'-fps_mode','passthrough','-f','rawvideo','-pix_fmt','rgb24','-']
    out = subprocess.run(cmd, capture_output=True, check=True).stdout
    return np.frombuffer(out, np.uint8).reshape(-1, info.height, info.width, 3).transpose(0,3,1,2)

def n_bframes(video):
    "How many frames of `video` are predicted from both sides"
    with open_frames(video) as frames: return sum(int(o.frame.pict_type)==3 for o in frames)

def coarse(frames): return frames[:,:,::8,::8].astype(np.int32).reshape(len(frames), -1)

def nearest(ours, ref):
    "Does each frame look most like the reference's frame of the same number, or like one equal to that?"
    dist = np.stack([abs(coarse(ours)-o).sum(1) for o in coarse(ref)], 1)
    return (dist.diagonal()<=dist.min(1)).all()

@call_parse
def main(
    step:int=6, # Take every `step`-th video
):
    "Compare with the `ffmpeg` command"
    if not shutil.which('ffmpeg'): sys.exit('no `ffmpeg` command here: install it first')
    with TemporaryDirectory() as tmp:
        data = Path(os.environ.get('ACTION_RECOG_DATA', '../shared/data'))/'UCF101'
        videos = get_videos(data if data.exists() else write_sample(Path(tmp)/'sample', n_groups=2)/'UCF-101')[::step]
        rows = defaultdict(list)
        for v in videos:
            info = probe(v)
            ours,ref = read_clip(v, range).numpy(),by_ffmpeg(v, info)
            same = ours.shape==ref.shape
            d = abs(ours.astype(np.int16)-ref) if same else np.array([255])
            rows['with B-frames' if n_bframes(v) else 'without B-frames'].append((len(ours), same, nearest(ours, ref), d.max(), d.mean()))
    print('| clips | number | frames | same count | same order | largest difference | mean difference |\n|---|--:|--:|--:|--:|--:|--:|')
    for k,v in rows.items():
        n,same,order,top,mean = zip(*v)
        print(f'| {k} | {len(v)} | {sum(n)} | {sum(same)} | {sum(order)} | {max(top)} | {np.mean(mean):.4f} |')
