'use strict';
/*
 * A stand-in for as much of LuCI as syncd's view uses. Where the real one is careless this is too: a text that stands
 * alone as the content of an element, or as a title, is HTML there.
 */

const _ = text => text;

String.prototype.format = function(...values) {
	return this.replace(/%s/g, () => String(values.shift()));
};

function append(node, content) {
	if (Array.isArray(content))
		content.forEach(one => { if (one != null) node.append(one instanceof Node ? one : document.createTextNode(String(one))); });
	else if (content instanceof Node)
		node.append(content);
	else if (content != null)
		node.innerHTML = String(content);
}

function E(tag, attributes, content) {
	const node = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes || {}))
		if (typeof value === 'function')
			node.addEventListener(name, value);
		else if (value != null)
			node.setAttribute(name, value);
	append(node, content);
	return node;
}

const rpc = {
	declare: spec => async (...values) => {
		const given = Object.fromEntries((spec.params || []).map((name, n) => [name, values[n]]));
		const answer = await fetch('ubus', { method: 'POST', body: JSON.stringify([spec.object, spec.method, given]) });
		return answer.json();
	}
};

const ui = {
	createHandlerFn: (context, action, ...first) => event => {
		const button = event.currentTarget;
		button.disabled = true;
		return Promise.resolve(action.call(context, ...first, event)).finally(() => { button.disabled = false; });
	},
	showModal: (title, content) => {
		const box = document.getElementById('modal');
		box.replaceChildren(E('h4', {}, title));
		append(box, content);
	},
	hideModal: () => document.getElementById('modal').replaceChildren(),
	addNotification: (title, content, kind) => {
		const box = E('div', { 'class': 'alert-message ' + kind }, title && E('h4', {}, title));
		append(box, content);
		document.getElementById('notices').append(box);
	}
};

const polled = [];
const poll = { add: (action, seconds) => polled.push({ action, seconds }) };

class Option {
	constructor(kind, key, title, description) {
		Object.assign(this, { kind, key, title, description, values: [] });
	}

	value(key, label) {
		this.values.push([key, label]);
	}

	field() {
		if (this.kind === 'Flag')
			return E('input', { 'type': 'checkbox' });
		if (this.kind === 'ListValue')
			return E('select', {}, this.values.map(([key, label]) => E('option', { 'value': key }, [label])));
		return E('input', { 'type': 'text', 'placeholder': this.placeholder });
	}
}

class Section {
	constructor(name, type, title) {
		Object.assign(this, { name, type, title, options: [] });
	}

	option(kind, ...rest) {
		this.options.push(new Option(kind, ...rest));
		return this.options.at(-1);
	}
}

class FormMap {
	constructor(config, title, description) {
		Object.assign(this, { config, title, description, sections: [] });
		FormMap.last = this;
	}

	section(kind, name, type, title) {
		this.sections.push(new Section(name, type, title));
		return this.sections.at(-1);
	}

	async render() {
		return E('div', { 'class': 'cbi-map' }, [
			E('div', { 'class': 'cbi-map-descr' }, this.description),
			...this.sections.map(section => E('div', { 'class': 'cbi-section' }, [
				E('h3', {}, section.title),
				...section.options.map(option => E('div', { 'class': 'cbi-value' }, [
					E('label', { 'class': 'cbi-value-title' }, option.title),
					E('div', { 'class': 'cbi-value-field' }, [
						option.field(), E('div', { 'class': 'cbi-value-description' }, option.description)
					])
				]))
			]))
		]);
	}

	/* What the view asks for, for the test to compare: [section, type, option, kind, choices]. */
	get asked() {
		return this.sections.flatMap(section => section.options.map(option =>
			[section.name, section.type, option.key, option.kind, option.values.map(([key]) => key)]));
	}
}

const form = {
	Map: FormMap, NamedSection: 'NamedSection', Flag: 'Flag', Value: 'Value', ListValue: 'ListValue', DynamicList: 'DynamicList'
};
const view = { extend: members => members };

fetch('view.js').then(answer => answer.text()).then(async source => {
	const modules = { form, poll, rpc, ui, view };
	const wanted = [...source.matchAll(/^'require (\w+)';$/gm)].map(found => found[1]);
	const page = new Function(...wanted, '_', 'E', source)(...wanted.map(name => modules[name]), _, E);
	document.getElementById('view').append(await page.render(await page.load()));
	document.body.dataset.ready = '1';
});
