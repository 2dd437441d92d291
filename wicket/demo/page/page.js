// The page of `wicket demo`: hears from the server and tells each part of the page.

import "./kiosk.js";
import { byId, note } from "./elements.js";
import { connect } from "./line.js";
import { forget, show } from "./stage.js";
import { addPaper, countPapers } from "./printer.js";
import { addMessage, countMessages } from "./phone.js";
import { showOffice } from "./office.js";
import { buildLanes } from "./turnstiles.js";
import { showDaemons, addFacts } from "./central.js";

const heard = {
  hello({ lanes, papers, messages, office, daemons }) {
    for (const daemon of ["kiosk", "gate", "desk"]) forget(daemon);
    buildLanes(lanes);
    byId("papers").replaceChildren();
    byId("facts").replaceChildren();
    addFacts([]);
    papers.forEach(addPaper);
    countPapers();
    byId("messages").replaceChildren();
    messages.forEach(addMessage);
    countMessages();
    showOffice(office);
    showDaemons(daemons);
  },
  paper(paper) {
    addPaper(paper);
    countPapers();
    note(`Ticket ${paper.caption} printed`);
  },
  sms: ({ sms }) => addMessage(sms),
  office: ({ office }) => showOffice(office),
  daemons: ({ daemons }) => showDaemons(daemons),
  facts: ({ entries }) => addFacts(entries),
  stage: ({ daemon, device, state }) => show(daemon, device, state),
};

connect(heard);
