"""A training step of each model beside the tutorial's form of it

    python bench/train_step.py [--bs 4] [--seq-len 5] [--size 64] [--reps 3] [--models ConvLSTM] [--out results.json]

Forward pass, backward pass and update of a model from nothing, with a ResNet-34 encoder (TimeSformer has none) and
all weights trained. The forms take turns, and each figure is the median of `reps` turns. Where there is an encoder,
ours runs once more with channels last. On a GPU all run under autocast in fp16. An encoder is nearly all of a step:
0.6 GFLOP a frame at 64 px forward, three times that in training. Needs the package `timesformer-pytorch`."""
import copy,time
import torch
from functools import partial
from torch import nn
from fastcore.script import call_parse
from common import cuda_clock,device_name,in_turns,medians,need,print_table,save_json,times_as_fast
need('timesformer_pytorch')
from fastai.layers import TimeDistributed
from fastai.losses import CrossEntropyLossFlat
from fastai.vision.learner import create_body,create_head
from timesformer_pytorch import TimeSformer as UpstreamTimeSformer
from torchvision.models import resnet34
from action_recog.learners.baseline import SimpleModel
from action_recog.learners.convlstm import ConvLSTMModel
from action_recog.learners.lstm import RNNModel
from action_recog.learners.timesformer import TimeSformer

def body(): return create_body(resnet34(weights=None), pretrained=False)

class TutorialSimple(nn.Module):
    "Encoder and head under fastai's TimeDistributed, the mean over time of the logits"
    def __init__(self, n_out):
        super().__init__()
        self.encoder = TimeDistributed(body())
        self.head = TimeDistributed(create_head(512, n_out))

    def forward(self, x): return self.head(self.encoder(torch.stack(x, dim=1))).mean(dim=1)

class TutorialRNN(nn.Module):
    "The pooled features of each frame, an LSTM, its last state"
    def __init__(self, n_out, pool=1):
        super().__init__()
        self.encoder = TimeDistributed(nn.Sequential(body(), nn.AdaptiveAvgPool2d(pool), nn.Flatten()))
        self.rnn = nn.LSTM(512*pool**2, 512, batch_first=True)
        self.head = create_head(512, n_out, lin_ftrs=[], pool=False)

    def forward(self, x): return self.head(self.rnn(self.encoder(torch.stack(x, dim=1)))[1][0][-1])

class TutorialConvLSTM(nn.Module):
    "Frame after frame through the encoder, then one convolution of map and state side by side at each step"
    def __init__(self, n_out, nf=256):
        super().__init__()
        self.nf = nf
        self.encoder = body()
        self.conv = nn.Conv2d(512+nf, 4*nf, 3, padding=1)
        self.head = create_head(512+nf, n_out, lin_ftrs=[])

    def forward(self, x):
        maps = [self.encoder(o) for o in x]
        h = None
        for m in maps:
            if h is None: h = c = m.new_zeros(len(m), self.nf, *m.shape[2:])
            i,f,g,o = self.conv(torch.cat([m,h], 1)).chunk(4, 1)
            c = f.sigmoid()*c + i.sigmoid()*g.tanh()
            h = o.sigmoid()*c.tanh()
        return self.head(torch.cat([h, torch.stack(maps).mean(0)], 1))

class TutorialTimeSformer(nn.Module):
    "timesformer-pytorch as it is"
    def __init__(self, n_out, num_frames, size):
        super().__init__()
        self.model = UpstreamTimeSformer(dim=128, image_size=size, patch_size=16, num_frames=num_frames,
            num_classes=n_out, depth=12, heads=8, dim_head=64, attn_dropout=.1, ff_dropout=.1)

    def forward(self, x): return self.model(torch.stack(x, dim=1))

class Frames(nn.Module):
    "Hands a batch of clips to `model` as the tutorial's data do: a tuple of frames"
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x): return self.model(tuple(x.unbind(1)))

def pairs(n_out, T, size):
    "Ours and the tutorial's, by name: makers of models"
    return {'SimpleModel': (lambda: SimpleModel(body(), 512, n_out), lambda: TutorialSimple(n_out)),
        'RNNModel, pool 1': (lambda: RNNModel(body(), 512, n_out, pool=1), lambda: TutorialRNN(n_out)),
        'RNNModel, pool 2': (lambda: RNNModel(body(), 512, n_out), lambda: TutorialRNN(n_out, 2)),
        'ConvLSTMModel': (lambda: ConvLSTMModel(body(), 512, n_out), lambda: TutorialConvLSTM(n_out)),
        'TimeSformer': (lambda: TimeSformer(n_out, T, size, 16, 128, 12, 8, 64, .1, .1, shift_tokens=False),
            lambda: TutorialTimeSformer(n_out, T, size))}

def step(m, opt, x, y):
    "Forward, backward and update"
    with torch.autocast(x.device.type, torch.float16, enabled=x.is_cuda): loss = CrossEntropyLossFlat()(m(x), y)
    loss.backward()
    opt.step()
    opt.zero_grad()

def measure(makers, x, y, reps, channels_last):
    "Seconds of each form, and of ours with channels last, in each turn"
    make_ours,make_tutorial = makers
    forms = dict(ours=make_ours(), tutorial=Frames(make_tutorial()))
    if channels_last: forms['channels last'] = copy.deepcopy(forms['ours']).to(memory_format=torch.channels_last)
    ways = {}
    for name,m in forms.items():
        m.to(x.device).train()
        ways[name] = partial(step, m, torch.optim.SGD(m.parameters(), 1e-3), x, y)
    return in_turns(ways, reps, cuda_clock if x.is_cuda else time.perf_counter, warm_up=True)

def table_row(name, seconds):
    "A model as the table has it"
    ms = {form:f'{1000*o:.0f}' for form,o in medians(seconds).items()}
    faster = times_as_fast(seconds, 'tutorial')['ours']
    return [name, ms['tutorial'], ms['ours'], f'{faster:.2f}', ms.get('channels last', '')]

@call_parse
def main(
    bs:int=4, # Clips of a batch
    seq_len:int=5, # Frames of a clip
    size:int=64, # Height and width of a frame
    reps:int=3, # Measured steps of each form
    models:str='', # Only models whose names begin so
    out:str=None, # JSON file for the figures
):
    "Milliseconds of a training step with a ResNet-34 encoder, from nothing, all weights trained"
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    x = torch.randn(bs, seq_len, 3, size, size, device=device)
    y = torch.randint(10, (bs,), device=device)
    chosen = {name:makers for name,makers in pairs(10, seq_len, size).items() if name.startswith(models)}
    res = {}
    def rows():
        for name,makers in chosen.items():
            seconds = measure(makers, x, y, reps, channels_last=name!='TimeSformer')
            res[name] = medians(seconds)
            yield table_row(name, seconds)
    print(f'\n{device_name()}: {bs} clips of {seq_len} frames at {size} px')
    print_table(['model', 'tutorial ms', 'ours ms', 'times faster', 'ours, channels last ms'], rows())
    save_json(out, dict(device=device_name(), bs=bs, seq_len=seq_len, size=size, seconds=res))
