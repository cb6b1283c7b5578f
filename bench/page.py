"""The page of `ar-demo` in a real browser

    python bench/page.py [--learner runs/sample/convlstm-sample-fold1-seed0] [--shot nbs/images/demo.png]

A good video, a text file named .mp4 and a video over the limit are uploaded. What the page answers, and every
request beyond this machine, goes to a JSON file, and a picture of the page is taken. Needs a learner of the
sample's classes (`make train` leaves one), Debian's chromium and chromium-driver, and `pip install selenium
gradio`."""
import json,shutil,tempfile,time,warnings
from pathlib import Path
from fastcore.script import call_parse
from common import need,save_json,skip
need('selenium', 'gradio', programs=['chromium', 'chromedriver'])
from action_recog.answers.demo import launch_page,write_examples
from action_recog.answers.export import open_learner

def open_browser(width=1000, height=1150):
    "A headless Chromium"
    from selenium import webdriver
    opts = webdriver.ChromeOptions()
    opts.binary_location = shutil.which('chromium')
    flags = ['--headless=new', '--no-sandbox', '--disable-dev-shm-usage', '--force-device-scale-factor=1']
    for o in (*flags, f'--window-size={width},{height}'): opts.add_argument(o)
    opts.set_capability('goog:loggingPrefs', dict(performance='ALL'))
    return webdriver.Chrome(opts, webdriver.ChromeService(shutil.which('chromedriver')))

def until(f, secs=300):
    "The first true value of `f`, asked again and again"
    end = time.time()+secs
    while time.time()<end:
        try: found = f()
        except Exception: found = None # The page is not that far
        if found: return found
        time.sleep(.2)
    raise SystemExit(f'nothing came within {secs} s')

def texts(browser, css):
    found = [o.text for o in browser.find_elements('css selector', css)]
    return [o for o in found if o.strip()]

def file_field(browser): return until(lambda: browser.find_elements('css selector', 'input[type=file]'))[0]

def upload(browser, url, fn):
    "Open the page anew and give it a file"
    browser.get(url)
    file_field(browser).send_keys(str(fn))

refusals = 'cannot be read','exceeds','too large','lasts','takes videos of up to','size'

def refusal(browser):
    "What the page says against an upload"
    lines = browser.execute_script('return document.body.innerText').splitlines()
    said = [line for line in lines if any(o in line for o in refusals)]
    return said[0] if said else None

def foreign_requests(browser, url):
    "Addresses beyond this machine that the browser asked for"
    messages = [json.loads(o['message'])['message'] for o in browser.get_log('performance')]
    asked = {o['params']['request']['url'] for o in messages if o['method']=='Network.requestWillBeSent'}
    return sorted(o for o in asked if not o.startswith((url, 'data:', 'blob:', 'chrome')))

def bad_files(folder):
    "A text and a file over the limit, both named like videos"
    text,large = folder/'text.mp4',folder/'large.mp4'
    text.write_text('This is no video.')
    large.write_bytes(bytes(6_000_000))
    return dict(text=text, large=large)

def visit(browser, url, bad, good):
    "Upload all files: what the page shows"
    res = {}
    for name,fn in bad.items():
        upload(browser, url, fn)
        res[name] = until(lambda: refusal(browser))
        print(f'{name}: {res[name]}', flush=True)
    start = time.perf_counter()
    upload(browser, url, good)
    label = until(lambda: texts(browser, '[data-testid="label-output-value"]'))[0]
    seconds = round(time.perf_counter()-start, 1)
    res['good'] = dict(label=label, seconds=seconds, segments=until(lambda: texts(browser, '#timeline tr')))
    print(f'good: {res["good"]}', flush=True)
    until(lambda: browser.find_elements('css selector', '#strip img'))
    return res

def shrink(shot):
    "Keep 128 colours of a picture"
    from PIL import Image
    Image.open(shot).convert('P', palette=Image.ADAPTIVE, colors=128).save(shot, optimize=True)

@call_parse
def main(
    learner:str='runs/sample/convlstm-sample-fold1-seed0', # Run, model folder or exported learner of the sample
    shot:str='nbs/images/demo.png', # Where to put the picture
    out:str='bench/results/page.json', # File for what was seen
):
    "Upload a good video and two bad files, and take a picture"
    if not Path(learner).exists(): skip(f'there is no learner {learner}: `make train` makes it, or name one')
    warnings.filterwarnings('ignore')
    learn = open_learner(learner)
    with tempfile.TemporaryDirectory() as d:
        good = write_examples(d, learn.dls.vocab)[-1]
        bad = bad_files(Path(d))
        page,browser = launch_page(learn, port=7869, wait=False, max_mb=5),open_browser()
        try:
            res = visit(browser, page.local_url, bad, good)
            time.sleep(3)
            Path(shot).parent.mkdir(parents=True, exist_ok=True)
            browser.save_screenshot(shot)
            res['foreign_requests'] = foreign_requests(browser, page.local_url)
        finally:
            browser.quit()
            page.close()
    shrink(shot)
    print(f'requests beyond this machine: {res["foreign_requests"] or "none"}')
    print(f'{shot}: {Path(shot).stat().st_size/1000:.0f} kB')
    save_json(out, res)
