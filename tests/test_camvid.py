"""CamVid read and downloaded: made-up pairs, a local HTTP server that misbehaves, the real frames where present."""

import hashlib
import http.server
import shutil
import socket
import threading
from collections import Counter

import numpy as np
import pytest
from camvid_here import camvid_folder
from PIL import Image

from fcn_tutorial.datasets import camvid

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def nothing_but_this_machine(monkeypatch, tmp_path):
    """No test reaches the real source or the user's cache."""
    look_up = socket.getaddrinfo

    def local_only(host, *rest, **options):
        assert host in ("127.0.0.1", "localhost"), f"a test asked for {host}"
        return look_up(host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", local_only)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("FCN_TUTORIAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FCN_TUTORIAL_CAMVID", raising=False)


def write_pair(folder, split, name, size=(6, 8)):
    image = RNG.integers(0, 256, (*size, 3), dtype=np.uint8)
    mask = RNG.integers(0, 12, size, dtype=np.uint8)
    for place, pixels in ((split, image), (f"{split}annot", mask)):
        (folder / place).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / place / name)
    return image, mask


@pytest.fixture
def folder(tmp_path):
    for name in ("c.png", "a.png", "b.png"):
        write_pair(tmp_path / "own", "train", name)
    write_pair(tmp_path / "own", "val", "d.png")
    return tmp_path / "own"


# Reading


def test_pairs_come_sorted_by_name_and_as_written(folder):
    expected = write_pair(folder, "train", "b.png")
    data = camvid.CamVid(folder, "train")
    assert (data.name, len(data), data.file_names) == ("camvid", 3, ["a.png", "b.png", "c.png"])
    for read, written in zip(data[1], expected, strict=True):
        assert read.dtype == np.uint8
        np.testing.assert_array_equal(read, written)
    assert len(list(data)) == 3
    with pytest.raises(IndexError):
        data[3]


def test_first_frames_only(folder):
    assert camvid.CamVid(str(folder), "train", first=2).file_names == ["a.png", "b.png"]
    for first in (0, -1, 4):
        with pytest.raises(ValueError, match=f"first {first} .* has 1 to 3"):
            camvid.CamVid(folder, "train", first=first)


def test_unknown_and_absent_split_name_those_present(folder):
    for split in ("test", "tarin", "trainannot"):
        with pytest.raises(ValueError, match=f"no split '{split}'; there: train, val"):
            camvid.CamVid(folder, split)


def test_missing_and_empty_folders(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.*download"):
        camvid.CamVid(tmp_path / "nowhere", "train")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="empty holds none of"):
        camvid.CamVid(tmp_path / "empty", "train")
    (tmp_path / "empty" / "train").mkdir()
    with pytest.raises(FileNotFoundError, match="no PNG image"):
        camvid.CamVid(tmp_path / "empty", "train")


@pytest.mark.parametrize("lost", ["trainannot/b.png", "train/b.png"])
def test_photo_without_mask_and_mask_without_photo(folder, lost):
    (folder / lost).unlink()
    with pytest.raises(FileNotFoundError, match=r"b\.png has no partner .*b\.png") as raised:
        camvid.CamVid(folder, "train")
    assert f"partner {folder / lost}" in str(raised.value)


def test_no_mask_folder_at_all(folder):
    shutil.rmtree(folder / "trainannot")
    with pytest.raises(FileNotFoundError, match=r"a\.png has no partner .*3 such files"):
        camvid.CamVid(folder, "train")


def test_bad_mask_is_named_upon_reading(folder):
    Image.fromarray(np.zeros((6, 9), np.uint8)).save(folder / "trainannot" / "b.png")
    Image.fromarray(np.full((6, 8), 12, np.uint8)).save(folder / "trainannot" / "c.png")
    data = camvid.CamVid(folder, "train")
    with pytest.raises(ValueError, match=r"train/b\.png.*6x8 pixels and the mask 6x9"):
        data[1]
    with pytest.raises(ValueError, match=r"c\.png.*\[12\]"):
        data[2]


def test_photos_of_any_format_and_masks_without_loss_are_matched_by_stem(folder):
    image, mask = write_pair(folder, "train", "d.png")
    for old, new in (("train/d.png", "train/d.JPG"), ("trainannot/d.png", "trainannot/d.BMP")):
        with Image.open(folder / old) as picture:
            picture.save(folder / new)
        (folder / old).unlink()
    (folder / "train" / "a.png").rename(folder / "train" / "a.PNG")
    for hidden in ("train/._a.png", "trainannot/._a.png", "train/.DS_Store", "train/Thumbs.db", "train/notes.txt"):
        (folder / hidden).write_bytes(b"something else")
    data = camvid.CamVid(folder, "train")
    assert data.file_names == ["a.PNG", "b.png", "c.png", "d.JPG"]
    np.testing.assert_array_equal(data[3][1], mask)
    assert data[3][0].shape == image.shape


def test_a_photo_of_another_ending_without_a_mask_is_not_left_out(folder):
    Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(folder / "train" / "extra.jpg")
    with pytest.raises(FileNotFoundError, match=r"extra\.jpg has no partner .*extra\.png"):
        camvid.CamVid(folder, "train")


def test_two_photos_of_one_stem_are_refused(folder):
    shutil.copy(folder / "train" / "a.png", folder / "train" / "a.tif")
    with pytest.raises(ValueError, match=r"a\.tif and a\.png have one stem"):
        camvid.CamVid(folder, "train")


def test_masks_that_name_themselves_jpeg_are_refused_and_those_that_hide_it_too(folder):
    (folder / "trainannot" / "a.png").rename(folder / "trainannot" / "a.jpg")
    with pytest.raises(ValueError, match=r"a\.jpg: a mask is one of PNG, BMP, GIF, TIFF"):
        camvid.CamVid(folder, "train")
    Image.fromarray(RNG.integers(0, 12, (6, 8), dtype=np.uint8)).save(folder / "trainannot" / "a.jpg")
    (folder / "trainannot" / "a.jpg").rename(folder / "trainannot" / "a.png")
    with pytest.raises(ValueError, match=r"a\.png is a JPEG file"):
        camvid.CamVid(folder, "train")[0]


def test_masks_whose_palettes_have_different_orders_are_refused(folder):
    """Each with a palette of its own, as a program makes one that sorts colours by how often they occur."""
    colours = RNG.integers(0, 100, (12, 3)).astype(np.uint8)
    for name in ("a.png", "b.png", "c.png"):
        file = Image.fromarray(RNG.integers(0, 3, (6, 8), dtype=np.uint8))
        file.putpalette(colours.tobytes())
        file.save(folder / "trainannot" / name)
    assert len(list(camvid.CamVid(folder, "train"))) == 3
    file.putpalette(colours[[1, 0, *range(2, 12)]].tobytes())
    file.save(folder / "trainannot" / "c.png")
    data = camvid.CamVid(folder, "train")
    assert data[0] and data[1]
    with pytest.raises(ValueError, match=r"palettes disagree.*in .*trainannot/a\.png and .* in .*trainannot/c\.png"):
        data[2]


def test_find_takes_folder_then_variable_then_cache(folder, tmp_path, monkeypatch):
    assert camvid.find() is None
    with pytest.raises(FileNotFoundError, match="not on this machine.*camvid.download"):
        camvid.CamVid(None, "train")
    (tmp_path / "cache" / "camvid").mkdir(parents=True)
    assert camvid.find() == tmp_path / "cache" / "camvid"
    monkeypatch.setenv("FCN_TUTORIAL_CAMVID", str(folder))
    assert camvid.find() == folder and len(camvid.CamVid(None, "val")) == 1
    assert camvid.find(tmp_path) == tmp_path
    monkeypatch.setenv("FCN_TUTORIAL_CAMVID", str(tmp_path / "away"))
    with pytest.raises(FileNotFoundError, match="away.*FCN_TUTORIAL_CAMVID"):
        camvid.find()


# Downloading


class Server(http.server.BaseHTTPRequestHandler):
    """Serves `content`; a name in `cut` ends half-way, one in `tampered` has a byte changed."""

    content, cut, tampered, asked = {}, set(), set(), Counter()

    def do_GET(self):
        name = self.path.lstrip("/")
        self.asked[name] += 1
        body = self.content[name]
        if name in self.tampered:
            body = body[:-1] + bytes([body[-1] ^ 1])
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if name in self.cut else body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(folder, tmp_path, monkeypatch):
    """A server with the pairs of `folder`, which the course's list of hashes names, and its address."""
    Server.content = {f"{p.parent.name}/{p.name}": p.read_bytes() for p in folder.glob("*/*.png")}
    Server.cut, Server.tampered, Server.asked = set(), set(), Counter()
    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in Server.content.items()]
    (tmp_path / "list.txt").write_text("".join(lines))
    monkeypatch.setattr(camvid.paths, "data_file", {"camvid_sha256.txt": tmp_path / "list.txt"}.__getitem__)
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}/"
    httpd.shutdown()
    httpd.server_close()


def files_in(folder):
    return {
        f"{p.parent.name}/{p.name}": p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.parent != folder
    }


def test_download_brings_the_right_files_once(server, folder, tmp_path, capfd):
    place = camvid.download(splits=("train", "val"), base_url=server)
    assert place == tmp_path / "cache" / "camvid" == camvid.find()
    assert files_in(place) == Server.content
    assert "100%" in capfd.readouterr().err
    assert set(Server.asked.values()) == {1}
    for here, there in zip(camvid.CamVid(place, "train"), camvid.CamVid(folder, "train"), strict=True):
        np.testing.assert_array_equal(here[0], there[0])
        np.testing.assert_array_equal(here[1], there[1])
    camvid.download(splits=("train", "val"), base_url=server)
    assert set(Server.asked.values()) == {1}


def test_download_of_one_split(server, tmp_path):
    place = camvid.download(tmp_path / "val only", splits=["val"], base_url=server)
    assert set(files_in(place)) == {"val/d.png", "valannot/d.png"}
    with pytest.raises(ValueError, match="'vla'.*train, val, test"):
        camvid.download(splits=["vla"], base_url=server)


@pytest.mark.parametrize("way", ["cut", "tampered"])
def test_bad_download_leaves_nothing_behind_and_goes_on_later(server, tmp_path, way):
    place = tmp_path / "place"
    camvid.download(place, ("val",), server)
    before = (place / "val" / "d.png").stat()
    setattr(Server, way, {"trainannot/b.png"})
    error = (OSError, ValueError) if way == "cut" else ValueError  # an old urllib3 leaves a short body to the hash
    with pytest.raises(error, match=r"trainannot/b\.png.*camvid\.download\(\) again"):
        camvid.download(place, ("train", "val"), server)
    assert "trainannot/b.png" not in files_in(place)
    assert files_in(place).items() <= Server.content.items()
    with pytest.raises(FileNotFoundError, match="train did not end.*again"):
        camvid.CamVid(place, "train")
    setattr(Server, way, set())
    camvid.download(place, ("train", "val"), server)
    assert files_in(place) == Server.content
    assert (place / "val" / "d.png").stat().st_mtime_ns == before.st_mtime_ns
    assert Server.asked["val/d.png"] == 1
    assert len(camvid.CamVid(place, "train")) == 3


def test_wrong_file_already_there_is_replaced(server, tmp_path):
    camvid.download(tmp_path / "place", ("val",), server)
    (tmp_path / "place" / "val" / "d.png").write_bytes(b"something else")
    camvid.download(tmp_path / "place", ("val",), server)
    assert (tmp_path / "place" / "val" / "d.png").read_bytes() == Server.content["val/d.png"]


def test_a_second_download_into_the_same_folder_is_refused_while_the_first_goes_on(server, tmp_path, monkeypatch):
    place, fetch, said = tmp_path / "place", camvid._fetch, []

    def fetch_and_try_again(fetcher, name):
        if name not in said:
            said.append(name)
            with pytest.raises(BlockingIOError, match="another program fetches CamVid"):
                camvid.download(place, ("val",), server)
        fetch(fetcher, name)

    monkeypatch.setattr(camvid, "_fetch", fetch_and_try_again)
    camvid.download(place, ("val",), server)
    assert len(said) == 2 and len(camvid.CamVid(place, "val")) == 1
    monkeypatch.undo()
    assert not list(place.glob("*unfinished*"))


def test_full_disk_is_told_and_leaves_nothing_behind(server, tmp_path, monkeypatch):
    import pooch.core

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pooch.core.shutil, "move", full)
    with pytest.raises(OSError, match="No space left on device.*disk space"):
        camvid.download(tmp_path / "place", ("val",), server)
    assert files_in(tmp_path / "place") == {}


def test_unreachable_source(server, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{free.getsockname()[1]}/"
    with pytest.raises(OSError, match="could not be fetched.*again"):
        camvid.download(tmp_path / "place", ("val",), closed)


# The real thing


def test_published_list_holds_all_pairs():
    names = Counter(name.split("/")[0] for name in camvid._published())
    assert names == {f"{s}{a}": n for s, n in (("train", 367), ("val", 101), ("test", 233)) for a in ("", "annot")}
    assert all(len(sha) == 64 and int(sha, 16) for sha in camvid._published().values())


@pytest.mark.parametrize(("split", "count"), [("train", 367), ("val", 101)])
def test_real_frames(split, count):
    place = camvid_folder()
    data = camvid.CamVid(place, split)
    assert len(data) == count
    listed = sorted(name for name in camvid._published() if name.startswith(f"{split}/"))
    assert [f"{split}/{name}" for name in data.file_names] == listed
    for index in (0, count // 2, count - 1):
        image, labels = data[index]
        assert image.shape == (360, 480, 3) and labels.shape == (360, 480)
        assert labels.max() <= 11 and np.unique(labels).size > 3
    for name in (listed[0], listed[0].replace("/", "annot/")):
        assert hashlib.sha256((place / name).read_bytes()).hexdigest() == camvid._published()[name]
