import subprocess
import sys

BUSY = """
import time
from galmass_app.workers import SLOW, Slot
Slot(SLOW).submit(lambda job: time.sleep(600))
time.sleep(0.2)
"""


def test_a_running_job_does_not_keep_the_server_from_stopping():
    subprocess.run([sys.executable, "-c", BUSY], check=True, timeout=300)
