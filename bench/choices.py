"What was chosen in the models, beside what was not, on groups held out of the sample's training list: `python bench/choices.py`"
from functools import partial
from fastcore.script import call_parse

def without_mean_map(dls, arch, hidden_size, **kwargs):
    "Like `convlstm_learner`, but the head sees the last state alone"
    from fastai.vision.learner import create_head
    from action_recog.learners.layers import as_clip
    from action_recog.learners.learner import encoder_learner,rnnmodel_splitter
    from action_recog.learners.convlstm import ConvLSTMModel

    class LastState(ConvLSTMModel):
        def __init__(self, encoder, nf, n_out, ps=.5):
            super().__init__(encoder, nf, n_out, hidden_size, ps=ps)
            self.head = create_head(hidden_size, n_out, lin_ftrs=[], ps=ps)
        def forward(self, x): return self.head(self.rnn(self.encoder(as_clip(x)))[0][:,-1])

    return encoder_learner(dls, LastState, arch, splitter=rnnmodel_splitter, **kwargs)

@call_parse
def main(
    path:str='data/sample', # Folder of the sample, written if it is not there
    seeds:int=2, # Trainings of each form
):
    "Train each form by the recipe of its model, without the test list"
    from action_recog.learners.learner import learner_meta,lstm_learner,timesformer_learner
    from action_recog.learners.training import get_recipe,train_learner
    from action_recog.videos.sample import write_sample
    videos = write_sample(path)/'UCF-101'
    forms = {'lstm':{'maps of 2x2 cells':None, 'maps of one cell':partial(lstm_learner, pool=1)},
        'convlstm':{'head sees last state and mean map':None, 'head sees last state alone':without_mean_map},
        'timesformer':{'token shift':None, 'no token shift':partial(timesformer_learner, shift_tokens=False)}}
    print('\n| model | form | accuracy, each with its own seed |\n|---|---|---|', flush=True)
    for model,ways in forms.items():
        chosen,recipe = learner_meta[model]['learner'],get_recipe(model, 'sample')
        for way,learner in ways.items():
            learner_meta[model]['learner'] = learner or chosen
            accs = [100*train_learner(videos, model, recipe, seed=i, tune=True)[1]['clip_accuracy'] for i in range(seeds)]
            print(f'| {model} | {way} | {", ".join(f"{r:.1f} %" for r in accs)} |', flush=True)
