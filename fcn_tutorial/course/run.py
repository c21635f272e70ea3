"""The whole course: executed, made into a site, and what it measured as a table; or executed in place."""

from fcn_tutorial import files
from fcn_tutorial.course import address, exercises, notebooks, site
from fcn_tutorial.course.execute import execute


def run(folder, quiet=False):
    """Execute all lessons of the course in `folder` into build/notebooks, make build/site, return the Executions.

    Further pages and exercises go into the site as they are stored. The notebooks in the working tree stay as they
    are. Raises CellFailed, and then changes nothing in build/; OSError where build/ can't be written, or another run is
    at work there, before anything is executed.
    """
    made = [folder / "build" / name for name in ("notebooks", "site")]
    files.check_place(made[0].with_name("new"))
    busy = "another `fcn-tutorial run` is at work. Wait for its end."
    with files.locked(made[0], busy), files.TemporaryFolder("fcn_run_") as scratch:
        for place in made:
            site.heal(place)
        executed, pages = (scratch / place.name for place in made)
        executed.mkdir()
        executions = [_execute_into(file, executed / file.name, folder, quiet) for file in notebooks.lessons(folder)]
        site.build(folder, executed, pages)
        for new, place in zip((executed, pages), made, strict=True):
            site.replace_folder(new, place)
    return executions


def refresh(folder, names=(), quiet=False):
    """Execute lessons and further pages of the course in `folder` in place, all or those named, and normalise them.

    Each is written when it has run to its end. Returns the Executions. Raises CellFailed; ValueError for unknown names.
    """
    found = notebooks.pages(folder, names)
    for file in found:
        files.check_place(file)
    return [_execute_into(file, file, folder, quiet) for file in found]


def refresh_exercises(folder, names=(), quiet=False):
    """The same for the exercises with their solutions; then what is made from them is written (`exercises.write`)."""
    found = exercises.sources(folder, names)
    for file in found:
        files.check_place(file)
        files.check_place(exercises.student_file(file))
    executions = [_execute_into(file, file, folder, quiet, exercises.badge_name(file)) for file in found]
    exercises.write(folder, names)
    return executions


def _execute_into(file, target, folder, quiet, name=None):
    name, url = name or notebooks.page_name(file), address.read_address(folder)
    notebook = exercises.stamp_quiz(notebooks.without_outputs(notebooks.read(file)), file.name)
    notebooks.normalise(notebook, name, url)  # the head is checked before time is spent
    title = file.relative_to(folder / "notebooks").with_suffix("").as_posix()
    execution = execute(notebook, title, quiet)
    notebooks.save(notebooks.normalise(notebook, name, url), target)
    return execution


def table(executions):
    """What was measured, as text: a line for each notebook with its minutes and peak memory, its figures below it."""
    if not executions:
        return "The course has no notebooks yet."
    figures = [name for execution in executions for name in execution.measured]
    width = max(len(name) for name in [*figures, *(execution.name for execution in executions)]) + 2
    lines = [f"{'notebook':<{width + 2}}  minutes  peak memory"]
    for execution in executions:
        peak = f"{execution.peak_bytes / 2**20:,.0f} MiB"
        lines.append(f"{execution.name:<{width + 2}}  {execution.seconds / 60:7.2f}  {peak:>11}")
        lines += [f"  {name:<{width}}  {value}" for name, value in execution.measured.items()]
    lines.append(f"{'together':<{width + 2}}  {sum(execution.seconds for execution in executions) / 60:7.2f}")
    return "\n".join(lines)
