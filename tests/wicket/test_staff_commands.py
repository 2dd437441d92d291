"""`wicket central add-staff` and `change-staff`, beside a central that has run."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result
from support.central import DEVICES, Clock, central_in
from support.office import PASSWORD
from support.roles import OWN_PAGE, sign_in

from wicket.__main__ import main


def config_in(folder: Path) -> str:
    file = folder / "central.toml"
    token = DEVICES["gate-1"].token
    file.write_text(
        f'state = "{folder}"\ndevices.gate-1 = {{ kind = "gate", token = "{token}" }}\n'
    )
    return str(file)


async def test_the_first_admin_is_made_by_a_command_and_helped_by_another(tmp_path: Path) -> None:
    config = config_in(tmp_path)

    def run(command: str, *words: str, typed: str = "") -> Result:
        return CliRunner().invoke(main, ["central", command, "--config", config, *words], typed)

    before = run("add-staff", "anna", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert before.exit_code != 0
    assert "start central first" in before.output
    async with central_in(tmp_path, Clock()) as central:
        made = run("add-staff", "anna", typed=f"{PASSWORD}\n{PASSWORD}\n")
        assert made.output.endswith("anna may sign in at http://127.0.0.1:8080/office as admin\n")
        assert await sign_in(central, "anna")
        for wrong, told in {
            "anna": "there is an account anna already",
            "gate-1": "gate-1 is the name of a device",
            "Anna!": "a name is a-z",
        }.items():
            refused = run("add-staff", wrong, "--password", PASSWORD)
            assert refused.exit_code == 1
            assert told in refused.output
        short = run("add-staff", "berta", "--password", "short")
        assert (short.exit_code, "10 to 200 characters" in short.output) == (1, True)
        lost = run("change-staff", "anna", "--password", typed="one quite new\none quite new\n")
        assert lost.exit_code == 0
        form = {"name": "anna", "password": PASSWORD}
        async with central.http.post("/office/sign-in", data=form, headers=OWN_PAGE) as answer:
            assert answer.status == 403
        last = run("change-staff", "anna", "--disable")
        assert "make another one first" in last.output
