"""Does the heat of `class_activation` lie on what moves, and do the hottest frames matter?

    python bench/cam.py [--epochs 1] [--out results.json]

The four learners are trained on the sample by their recipe `sample`. For clips of the test list it is known where
the shape is: the table has the share of the heat that lies on it over the share of the picture that the shape
takes, beside Grad-CAM and attention rollout. Then the hottest or the coldest frame is blanked, and the table has
how much the probability of the answer changes."""
import math,re
import pandas as pd,torch
from torch.nn.functional import interpolate
from fastcore.script import call_parse
from common import four,print_table,save_json
from action_recog.answers.interpret import attention_heat,class_heat,class_probs,maps_and_grads,one_clip
from action_recog.learners.recipes import get_recipe
from action_recog.learners.training import train_learner
from action_recog.videos.sample import MOVES,SHAPES,group_look,write_sample
from action_recog.videos.video import read_clip

def clip_look(video):
    "Shape and pair of moves of a clip of the sample, by its class"
    for shape in SHAPES:
        for move in MOVES:
            if video.parent.name in (shape+move[0], shape+move[1]): return shape,move

def shape_mask(video, size, n):
    "Where the shape is in the `n` frames that the model gets, `(n, size, size)`: the covered share of each pixel"
    group = int(re.search(r'_g(\d+)_', video.name)[1])
    background = torch.tensor(group_look(*clip_look(video), group).bg).permute(2,0,1)
    frames = read_clip(video, lambda total: [int((i+.5)*total/n) for i in range(n)])
    difference = (frames.as_subclass(torch.Tensor).int()-background).abs().amax(1)
    # The models see the middle square of 320x240
    covered = (difference>40).float()[...,40:280]
    return interpolate(covered[None], (size,size), mode='area')[0]

def grad_cam(model, x, label, dims):
    "Grad-CAM as published, the gradient averaged over `dims` of `(T, C, h, w)`"
    maps,grads = maps_and_grads(model, x, label)
    return (grads.mean(dims, keepdim=True)*maps).sum(1).relu()

def gain(heat, mask):
    "Share of the heat that lies on the shape, over the share of the picture that the shape takes"
    big = interpolate(heat[None], mask.shape[1:])[0]
    if big.sum()==0: return math.nan
    return ((big*mask).sum()/big.sum()/mask.mean()).item()

def without_frame(model, x, label, number):
    "Change of the probability of class `label` where frame `number` is blank"
    blank = x.detach().clone()
    blank[:,number] = 0
    return (class_probs(model, blank)[label]-class_probs(model, x)[label]).item()

def look(learn, video):
    "What is counted for one clip"
    model = learn.model
    x,*_ = one_clip(learn, video)
    mask = shape_mask(video, x.shape[-1], x.shape[1])
    label = class_probs(model, x).argmax().item()
    heat = class_heat(model, x, label)
    res = {'this':gain(heat, mask), 'Grad-CAM, each frame':gain(grad_cam(model, x, label, (2,3)), mask),
        'Grad-CAM, all frames':gain(grad_cam(model, x, label, (0,2,3)), mask)}
    if hasattr(model, 'attention_rows'): res['attention rollout'] = gain(attention_heat(model, x), mask)
    share = heat.sum((1,2))
    res['without the hottest frame'] = without_frame(model, x, label, share.argmax())
    res['without the coldest frame'] = without_frame(model, x, label, share.argmin())
    return res

@call_parse
def main(
    path:str='data/sample', # Folder of the sample, written if it is not there
    groups:int=25, # Groups of each class in the sample
    models:str=','.join(four), # Learners, with commas between
    epochs:int=None, # Passes over the training set, the recipe's if not given
    every:int=4, # Take every so many clips of the test list
    seed:int=0, # Of the trainings
    out:str=None, # JSON file for the figures
):
    "Train each learner, and compare its heat with what is known of the clips"
    videos = write_sample(path, n_groups=groups)/'UCF-101'
    rows = []
    for model in models.split(','):
        recipe = get_recipe(model, 'sample', epochs=epochs)
        learn,row = train_learner(videos, model, recipe, seed=seed, num_workers=0)
        found = pd.DataFrame([look(learn, o) for o in learn.dls.valid_ds.items[::every]])
        rows.append(dict(model=model, accuracy=row['clip_accuracy'], clips=len(found), **found.mean().round(3)))
    df = pd.DataFrame(rows)
    print('\nTimes chance on the shape; change of the probability without a frame')
    shown = df.map(lambda o: o if isinstance(o, str) else f'{o:.2f}')
    print_table(list(shown.columns), shown.values.tolist())
    save_json(out, dict(rows=df.astype(object).where(df.notna(), None).to_dict('records'), devices=row['devices']))
