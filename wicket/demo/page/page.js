// The page of `wicket demo`: hears from the server and tells each part of the page.

import "./kiosk.js";
import { byId, note } from "./elements.js";
import { connect } from "./line.js";
import { forget, show } from "./stage.js";
import { addPaper, countPapers } from "./printer.js";
import { buildLanes } from "./turnstiles.js";
import { showDaemons, addFacts } from "./central.js";

const heard = {
  hello({ lanes, papers, daemons }) {
    for (const daemon of ["kiosk", "gate"]) forget(daemon);
    buildLanes(lanes);
    byId("papers").replaceChildren();
    byId("facts").replaceChildren();
    addFacts([]);
    papers.toSorted((one, other) => one.number - other.number).forEach(addPaper);
    countPapers();
    showDaemons(daemons);
  },
  paper(paper) {
    addPaper(paper);
    countPapers();
    note(`Ticket ${paper.caption} printed`);
  },
  daemons: ({ daemons }) => showDaemons(daemons),
  facts: ({ entries }) => addFacts(entries),
  stage: ({ daemon, device, state }) => show(daemon, device, state),
};

connect(heard);
