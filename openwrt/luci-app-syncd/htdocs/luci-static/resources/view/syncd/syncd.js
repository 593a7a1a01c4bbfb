'use strict';
'require form';
'require poll';
'require rpc';
'require ui';
'require view';

/*
 * The page of syncd in LuCI: how it is, its settings, its people and their phones.
 *
 * Names come from people and their phones. E() takes a text that stands alone for HTML, and one in an array for text:
 * so whatever is not written here stands in an array.
 */

const POLL_S = 15; // each look starts a program on the router
const PASSWORD_LENGTH = 16;
const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789'; // 32, so that each byte means one, and none looks like another

function declared(method, params) {
	const call = rpc.declare({ object: 'syncd', method: method, params: params || [], expect: { '': {} } });
	return function() {
		return call.apply(null, arguments).then(function(answer) {
			if (answer.error !== undefined)
				throw new Error(answer.error);
			return answer;
		});
	};
}

const ask = {
	status: declared('status'),
	users: declared('users'),
	devices: declared('devices'),
	init: declared('init', ['name', 'password']),
	service: declared('service', ['action']),
	addUser: declared('user_add', ['name', 'password']),
	setPassword: declared('user_passwd', ['name', 'password']),
	removeUser: declared('user_remove', ['name']),
	addDevice: declared('device_add', ['user', 'name']),
	revokeDevice: declared('device_revoke', ['id'])
};

/* What the box says now. What it cannot say is a text in `error`, never an exception. */
function look() {
	return Promise.all([ask.status(), ask.users(), ask.devices()]).then(function(found) {
		return { status: found[0].status, users: found[1].users, devices: found[2].devices };
	}).catch(function(problem) {
		return { error: problem.message };
	});
}

function madeUp() {
	return Array.from(crypto.getRandomValues(new Uint8Array(PASSWORD_LENGTH)), function(byte) {
		return LETTERS[byte % LETTERS.length];
	}).join('');
}

function bytes(count) {
	const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
	let unit = 0;
	for (; count >= 1024 && unit < units.length - 1; unit++)
		count /= 1024;
	return '%s %s'.format(unit ? count.toFixed(1) : count, units[unit]);
}

/* Pieces of the page */

function button(label, kind, action) {
	return E('button', {
		'class': 'btn cbi-button cbi-button-' + kind,
		'click': ui.createHandlerFn(null, action)
	}, [label]);
}

function table(head, rows, none) {
	const titles = E('tr', { 'class': 'tr table-titles' }, head.map(function(title) {
		return E('th', { 'class': 'th' }, [title]);
	}));
	return E('table', { 'class': 'table' }, (head.length ? [titles] : []).concat(rows.length ? rows.map(function(row) {
		return E('tr', { 'class': 'tr' }, row.map(function(cell, column) {
			return E('td', { 'class': 'td', 'data-title': head[column] }, Array.isArray(cell) ? cell : [cell]);
		}));
	}) : [E('tr', { 'class': 'tr placeholder' }, [
		E('td', { 'class': 'td', 'colspan': head.length }, [none])
	])]));
}

function statusRows(status) {
	const daemon = status.daemon || {};
	const rows = [
		[_('Service'), status.daemon ? _('runs') : _('does not run')],
		[_('Version'), status.version],
		[_('Disk'), '%s: %s'.format(status.storage, status.volume)]
	];
	if (status.holdings) {
		const room = status.holdings.room;
		rows.push([_('Room'), _('%s free of %s').format(bytes(room.free), bytes(room.total))]);
	}
	if (!status.clock_trusted)
		rows.push([_('Clock'), _('not trusted, so nothing expires; set it, or wait for NTP')]);
	if (status.daemon)
		rows.push([_('Sandbox'), daemon.sandbox], [_('Programs'), daemon.tools], [_('Last scan'), daemon['last scan']]);
	return rows;
}

function statusBox(found) {
	if (found.error !== undefined)
		return E('div', { 'class': 'alert-message warning' }, [found.error]);
	return table([], statusRows(found.status), '');
}

function serviceButtons(refresh) {
	const does = function(action) {
		return function() {
			return ask.service(action).then(refresh).catch(tell);
		};
	};
	return E('div', { 'class': 'syncd-service' }, [
		button(_('Start'), 'apply', does('start')), ' ',
		button(_('Stop'), 'reset', does('stop')), ' ',
		button(_('Restart'), 'action', does('restart'))
	]);
}

function tell(problem) {
	ui.addNotification(null, E('p', {}, [problem.message]), 'danger');
}

/* Dialogs */

function line(label, input, hint) {
	return E('div', { 'class': 'cbi-value' }, [
		E('label', { 'class': 'cbi-value-title' }, [label]),
		E('div', { 'class': 'cbi-value-field' }, [input].concat(hint ? [
			E('div', { 'class': 'cbi-value-description' }, [hint])
		] : []))
	]);
}

function entry(type, value) {
	return E('input', { 'type': type, 'class': 'cbi-input-text', 'value': value || '', 'autocomplete': 'off' });
}

function ended() {
	ui.hideModal();
}

/* Ask with *fields*; *action* is called when agreed. What it cannot do is said in the dialog, which stays. */
function dialog(title, fields, agreed, kind, action) {
	const wrong = E('p', { 'class': 'syncd-wrong', 'role': 'alert' });
	ui.showModal(title, fields.concat([wrong, E('div', { 'class': 'right' }, [
		button(_('Cancel'), 'neutral', ended), ' ',
		button(agreed, kind, function() {
			wrong.textContent = '';
			return action().catch(function(problem) {
				wrong.textContent = problem.message;
			});
		})
	])]));
}

function copied(input) {
	input.select();
	if (navigator.clipboard) // only where LuCI is reached by https
		return navigator.clipboard.writeText(input.value);
	document.execCommand('copy');
	return Promise.resolve();
}

/* Something that is shown this once */
function shown(title, label, value, hint) {
	const input = E('input', { 'type': 'text', 'class': 'cbi-input-text', 'readonly': '', 'value': value });
	ui.showModal(title, [
		line(label, input, hint),
		E('div', { 'class': 'right' }, [
			button(_('Copy'), 'action', function() { return copied(input); }), ' ',
			button(_('Done'), 'neutral', ended)
		])
	]);
}

/* A password typed, or made up and shown: *save* gets it. */
function passwordDialog(title, fields, agreed, save, refresh) {
	const input = entry('password');
	const hint = _('Empty: one is made up, and shown once.');
	dialog(title, fields.concat([line(_('Password'), input, hint)]), agreed, 'apply', function() {
		const password = input.value || madeUp();
		return save(password).then(function(name) {
			ended();
			if (!input.value)
				shown(_('Password'), name, password, _('It is shown only now.'));
			return refresh();
		});
	});
}

function setUp(refresh) {
	const name = entry('text');
	passwordDialog(_('Set up'), [
		E('p', {}, [_('Marks the disk that the settings name, and makes the first user. Save the settings before.')]),
		line(_('Name'), name)
	], _('Set up'), function(password) {
		return ask.init(name.value, password).then(function() {
			return name.value;
		});
	}, refresh);
}

function addUser(refresh) {
	const name = entry('text');
	passwordDialog(_('Add a user'), [line(_('Name'), name)], _('Add'), function(password) {
		return ask.addUser(name.value, password).then(function() {
			return name.value;
		});
	}, refresh);
}

function setPassword(user, refresh) {
	passwordDialog(_('Set another password'), [
		E('p', {}, [_('For %s. All log-ins end; phones with an address of their own stay.').format(user.name)])
	], _('Set'), function(password) {
		return ask.setPassword(user.name, password).then(function() {
			return user.name;
		});
	}, refresh);
}

function removeUser(user, refresh) {
	dialog(_('Remove a user'), [
		E('p', {}, [_('Remove %s with all devices? The files stay on the disk, in %s.').format(user.name, user.home)])
	], _('Remove'), 'negative', function() {
		return ask.removeUser(user.name).then(ended).then(refresh);
	});
}

function addDevice(user, refresh) {
	const name = entry('text', 'phone');
	dialog(_('Address for a phone'), [
		line(_('Name'), name, _('What the phone of %s is called.').format(user.name))
	], _('Make'), 'apply', function() {
		return ask.addDevice(user.name, name.value).then(function(answer) {
			shown(_('Address for a phone'), _('Address'), answer.device.address,
				_('Enter it as the server\'s address in the app. Whoever knows it can come in; it is shown only now.'));
			return refresh();
		});
	});
}

function revokeDevice(device, refresh) {
	dialog(_('End an address'), [
		E('p', {}, [_('End the address of %s? Its files stay.').format(device.name)])
	], _('End'), 'negative', function() {
		return ask.revokeDevice(device.id).then(ended).then(refresh);
	});
}

function people(found, refresh) {
	if (found.error !== undefined)
		return E('div', {}, [button(_('Set up'), 'action', function() { setUp(refresh); })]);
	return E('div', {}, [
		table([_('Name'), _('Folder'), ''], found.users.map(function(user) {
			return [user.name, user.home + '/', [
				button(_('Address for a phone'), 'action', function() { addDevice(user, refresh); }), ' ',
				button(_('Password'), 'edit', function() { setPassword(user, refresh); }), ' ',
				button(_('Remove'), 'negative', function() { removeUser(user, refresh); })
			]];
		}), _('There are no users yet.')),
		E('p', {}, [button(_('Add a user'), 'add', function() { addUser(refresh); })]),
		E('h3', {}, [_('Phones and computers')]),
		table([_('User'), _('Device'), _('Last seen'), ''], found.devices.map(function(device) {
			const seen = device.seen_ms ? new Date(device.seen_ms).toLocaleString() : _('never');
			return [device.user, device.name, seen, [
				button(_('End'), 'negative', function() { revokeDevice(device, refresh); })
			]];
		}), _('There are none yet.'))
	]);
}

/* Settings: each is an option of syncd under its own name, which a test holds. */

function settings() {
	const map = new form.Map('syncd', null, _('Every setting there is, with what it means: syncd config show --reference'));
	let s = map.section(form.NamedSection, 'main', 'syncd', _('Service'));
	s.option(form.Flag, 'enabled', _('Switched on'));

	s = map.section(form.NamedSection, 'storage', 'storage', _('Disk'));
	const path = s.option(form.Value, 'path', _('Folder'), _('On the data disk, not on the router\'s own flash.'));
	path.placeholder = '/mnt/sda1/syncd';
	path.datatype = 'directory';
	path.rmempty = false;

	s = map.section(form.NamedSection, 'server', 'server', _('Network'));
	const listen = s.option(form.DynamicList, 'listen', _('Listen on'), _('0.0.0.0 is every address of this box.'));
	listen.placeholder = '0.0.0.0:8420';
	listen.datatype = 'ipaddrport(1)';
	s.option(form.Value, 'public_url', _('Address from outside'), _('Only where a proxy with TLS stands in front.'))
		.placeholder = 'https://sync.example.org';
	s.option(form.DynamicList, 'hosts', _('More names of this box')).datatype = 'hostname';

	s = map.section(form.NamedSection, 'accounts', 'accounts', _('People'));
	const registration = s.option(form.ListValue, 'registration', _('Who makes accounts'));
	registration.value('closed', _('only you'));
	registration.value('open', _('anybody who reaches this box'));
	number(s, 'quota_gb', _('Room for each user'), _('In GiB; 0: as much as there is.'), '0');

	s = map.section(form.NamedSection, 'uploads', 'uploads', _('Uploads'));
	number(s, 'max_gb', _('Largest file'), _('In GiB; 0: as large as there is room for.'), '0');

	s = map.section(form.NamedSection, 'mobisync', 'mobisync', _('Phones'));
	const access = s.option(form.ListValue, 'access', _('Who may come in'));
	access.value('token', _('who logs in, or has an address of their own'));
	access.value('known', _('also accounts without a password'));
	access.value('open', _('ANYBODY on this network may read and add files'));
	const others = s.option(form.ListValue, 'other_files', _('Files that are no photo, video or sound'));
	others.value('refuse', _('refused'));
	others.value('keep', _('kept'));
	s.option(form.Flag, 'documents_to_trash', _('Photographed pages to the trash'));

	s = map.section(form.NamedSection, 'trash', 'trash', _('Trash'));
	number(s, 'keep_days', _('Kept for'), _('In days; 0: for ever.'), '30');
	return map;
}

function number(section, key, title, description, preset) {
	const option = section.option(form.Value, key, title, description);
	option.datatype = 'uinteger';
	option.placeholder = preset;
}

return view.extend({
	load: function() {
		return look();
	},

	render: function(found) {
		const status = E('div', { 'id': 'syncd-status' }, [statusBox(found)]);
		const who = E('div', { 'id': 'syncd-people' }, [people(found, refresh)]);

		function refresh() {
			return look().then(function(now) {
				status.replaceChildren(statusBox(now));
				who.replaceChildren(people(now, refresh));
			});
		}

		/* Not the people too: they change when somebody here changes them, and then refresh() is called. */
		poll.add(function() {
			return ask.status().then(function(answer) {
				status.replaceChildren(statusBox(answer));
			}, function(problem) {
				status.replaceChildren(statusBox({ error: problem.message }));
			});
		}, POLL_S);
		return settings().render().then(function(map) {
			return E('div', {}, [
				E('h2', {}, [_('syncd')]),
				E('div', { 'class': 'cbi-section' }, [status, serviceButtons(refresh)]),
				E('div', { 'class': 'cbi-section' }, [E('h3', {}, [_('Users')]), who]),
				map
			]);
		});
	}
});
