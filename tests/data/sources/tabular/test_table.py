import pytest

from ltmlc.data.sources.faults import Faults
from ltmlc.data.sources.tabular.table import CsvTable, read_table
from ltmlc.errors import InputError


def table(tmp_path, content: str | bytes, *, encoding: str | None = None) -> CsvTable:
    (tmp_path / "a.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    faults = Faults("a.csv")
    found = read_table(tmp_path / "a.csv", expected=["path", "labels"], encoding=encoding, faults=faults)
    faults.refuse()
    return found


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_columns_are_parted_as_the_first_line_shows(tmp_path, delimiter, end):
    text = end.join([delimiter.join(row) for row in (("path", "labels"), ("a.jpg", "x|y"), ("", ""), ("b.jpg", ""))])
    found = table(tmp_path, text)
    assert (found.delimiter, found.columns) == (delimiter, ["path", "labels"])
    assert found.cells("path") == ["a.jpg", "b.jpg"] and [row.where for row in found.rows] == ["line 2", "line 4"]


def test_the_first_line_in_which_excel_names_the_separator_is_not_the_columns(tmp_path):
    found = table(tmp_path, "\ufeffsep=;\r\npath;labels\r\na.jpg;cat, dog\r\n")
    assert found.cells("labels") == ["cat, dog"] and found.rows[0].where == "line 3"


def test_a_space_before_a_quotation_mark_is_no_part_of_the_cell(tmp_path):
    assert table(tmp_path, 'path,labels\na.jpg, "cat;dog"\n').cells("labels") == ["cat;dog"]


def test_more_fields_than_columns_are_an_error_unless_empty(tmp_path):
    with pytest.raises(InputError, match="line 2 has 3 fields, but the first line names 2"):
        table(tmp_path, "path,labels\na.jpg,person,dog\n")
    assert table(tmp_path, "path,labels\na.jpg,person,,\n").cells("labels") == ["person"]


def test_fewer_fields_than_columns_are_an_error(tmp_path):
    with pytest.raises(InputError, match=r"line 2 has 1 field, but the first line names 2: write every cell"):
        table(tmp_path, "path,labels\na.jpg\n")


def test_another_encoding_is_named_with_line_and_place_and_read_when_told(tmp_path):
    content = "path,labels\na.jpg,Masé\n".encode("latin-1")
    with pytest.raises(
        InputError,
        match=r"line 2 is not in UTF-8: byte 0xe9; read as latin-1 .*'a\.jpg,Masé'.*source\.encoding: latin-1",
    ):
        table(tmp_path, content)
    assert table(tmp_path, content, encoding="latin-1").cells("labels") == ["Masé"]
    with pytest.raises(InputError, match="'latin-11' is no encoding"):
        table(tmp_path, content, encoding="latin-11")


def test_excels_unicode_text_is_named_and_read_when_told(tmp_path):
    content = "path\tlabels\na.jpg\tcat\n".encode("utf-16")
    with pytest.raises(InputError, match="begins as UTF-16 does"):
        table(tmp_path, content)
    assert table(tmp_path, content, encoding="utf-16").cells("labels") == ["cat"]


@pytest.mark.parametrize("content", ["", "\n\n", ",,\n"])
def test_an_empty_file_says_what_the_first_line_must_be(tmp_path, content):
    with pytest.raises(InputError, match="is empty; its first line must name the columns"):
        table(tmp_path, content)


def test_a_cell_without_end_is_named_with_its_line(tmp_path):
    with pytest.raises(InputError, match=r"line 2: field larger than .*is a quotation mark open there"):
        table(tmp_path, 'path,labels\n"a.jpg,cat\n' + "b.jpg,cat\n" * 20_000)


def test_a_first_line_with_an_open_quotation_mark_is_named(tmp_path):
    with pytest.raises(InputError, match=r"a\.csv, line 1: a name of a column has a line end"):
        table(tmp_path, 'path,"labels\na.jpg,cat\n')
