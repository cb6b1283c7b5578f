"""What reading a small JPEG costs, by decoder: microseconds of processor time, and how near the pictures are

    python bench/jpeg.py [--n 400] [--rounds 7]

JPEGs of 112 and of 128 px, as `avi2frames` writes them, become a square of 112 px in red, green and blue, in planes, the
ways taking turns. FFmpeg's decoder is the one of `read_frames` and `read_clip`. libjpeg-turbo decodes by `simplejpeg`
and by torchvision; it can scale by eighths while it decodes, and 128 px to 112 px are seven. The last column is the PSNR,
in dB, of the whole pictures against those of Pillow, which scales with its bilinear filter. Real clips are used where
there are some, else the sample's."""
import io,random,time,warnings
warnings.filterwarnings('ignore')
import av,numpy as np,torch
import torch.nn.functional as F
from functools import partial
from pathlib import Path
from PIL import Image
from tempfile import TemporaryDirectory
from fastcore.script import call_parse
from torchvision.io import ImageReadMode,decode_jpeg as by_torchvision
from common import clips_name,in_turns,medians,need,print_table,some_clips
need('simplejpeg')
from simplejpeg import decode_jpeg
from action_recog.videos.convert import scaled_size,write_picture
from action_recog.videos.frames import avi2frames

side = 112
codec = av.CodecContext.create('mjpeg', 'r')
codec.thread_count = 1

def scaled(picture):
    "A tensor of a picture in planes, scaled"
    size = scaled_size(*picture.shape[-2:], side)
    return picture if picture.shape[-2:]==size else F.interpolate(picture[None], size, mode='bilinear', antialias=True)[0]

def cut(picture, out):
    "Copy the middle of a picture in planes"
    left = (picture.shape[-1]-out.shape[-1])//2
    out[:] = picture[..., left:left+out.shape[-1]]

def ffmpeg(raw, out):
    frame, = codec.decode(av.Packet(raw))
    height,width = scaled_size(frame.height, frame.width, side)
    write_picture(frame, out, height, width, 0, (width-out.shape[-1])//2)

def ffmpeg_only(raw, out): codec.decode(av.Packet(raw))

def turbo(raw, out): cut(scaled(torch.from_numpy(decode_jpeg(raw)).permute(2,0,1)).numpy(), out)
def turbo_only(raw, out): decode_jpeg(raw)
def eighths(raw, out): cut(scaled(torch.from_numpy(decode_jpeg(raw, min_height=side, min_width=side)).permute(2,0,1)).numpy(), out)
def torchvision(raw, out): cut(scaled(by_torchvision(torch.frombuffer(raw, dtype=torch.uint8), mode=ImageReadMode.RGB)).numpy(), out)

def pillow(raw, out):
    image = Image.open(io.BytesIO(raw)).convert('RGB')
    height,width = scaled_size(image.height, image.width, side)
    cut(np.array(image.resize((width,height), Image.BILINEAR)).transpose(2,0,1), out)

ways = {'FFmpeg':ffmpeg, 'FFmpeg, decoding alone':ffmpeg_only, 'libjpeg-turbo':turbo, 'libjpeg-turbo, decoding alone':turbo_only,
    'libjpeg-turbo, scaling by eighths':eighths, 'torchvision':torchvision, 'Pillow':pillow}

def go_through(way, raws, out):
    for raw in raws: way(raw, out)

def picture(way, raw, width):
    out = np.zeros((3,side,width), np.uint8)
    way(raw, out)
    return out

def psnr(way, raws):
    "Of all pictures against Pillow's"
    widths = [scaled_size(*Image.open(io.BytesIO(o)).size[::-1], side)[1] for o in raws]
    errors = [((picture(way, o, w).astype(float)-picture(pillow, o, w))**2).mean() for o,w in zip(raws, widths)]
    return round(10*np.log10(255**2/np.mean(errors)), 1)

@call_parse
def main(
    n:int=400, # Pictures of each size
    n_clips:int=40, # That they are from
    rounds:int=7, # Timed rounds, the ways taking turns; the fastest counts
    path:str=None, # Folder with `UCF101/`, $ACTION_RECOG_DATA if not given
):
    "Compare decoders of JPEGs"
    torch.set_num_threads(1)
    out = np.empty((3,side,side), np.uint8)
    with TemporaryDirectory() as tmp:
        for size in (112,128):
            for o in some_clips(n_clips, tmp, path): avi2frames(o, Path(tmp)/str(size), size=size)
            files = sorted((Path(tmp)/str(size)).rglob('*.jpg'))
            raws = [bytearray(o.read_bytes()) for o in random.Random(0).sample(files, min(n, len(files)))]
            seconds = in_turns({name:partial(go_through, way, raws, out) for name,way in ways.items()}, rounds, time.process_time, warm_up=True)
            print(f'\n{len(raws)} pictures of {clips_name(path)}, {size} px')
            print_table(['way','µs','PSNR'], ([name, f'{min(seconds[name])/len(raws)*1e6:.0f}',
                '' if 'alone' in name or name=='Pillow' else psnr(way, raws[::8])] for name,way in ways.items()))
